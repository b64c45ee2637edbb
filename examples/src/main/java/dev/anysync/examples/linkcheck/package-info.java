/**
 * linkcheck: finds the dead links of a web site or of a folder of HTML and Markdown files.
 *
 * <p>A real program on the library. To be read in this order: {@link
 * dev.anysync.examples.linkcheck.Linkcheck} is the command line, a for loop over findings; {@link
 * dev.anysync.examples.linkcheck.Crawler} is the iterator that the findings come out of; {@link
 * dev.anysync.examples.linkcheck.Web} and {@link dev.anysync.examples.linkcheck.Folder} get one
 * target, by {@link dev.anysync.examples.linkcheck.Http} and by blocking reads; {@link
 * dev.anysync.examples.linkcheck.Page} is what is parsed on the cpu lane. {@link
 * dev.anysync.examples.linkcheck.Report} and {@link dev.anysync.examples.linkcheck.DemoSite} know
 * nothing of the library.
 */
package dev.anysync.examples.linkcheck;

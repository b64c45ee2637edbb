/** Netty's futures in either style: {@link dev.anysync.netty.AnySyncNetty}. */
package dev.anysync.netty;

/** Both forms of the client of Amazon S3, generated from the async one. */
@NullMarked
package dev.anysync.s3;

import org.jspecify.annotations.NullMarked;

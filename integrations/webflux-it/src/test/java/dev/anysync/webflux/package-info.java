/** A server of Spring WebFlux whose handlers wait on its event loops. */
@NullMarked
package dev.anysync.webflux;

import org.jspecify.annotations.NullMarked;

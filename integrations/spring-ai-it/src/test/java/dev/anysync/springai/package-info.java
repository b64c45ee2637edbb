/** Tools that a model asks for by Spring AI, and calls of its clients of MCP. */
@NullMarked
package dev.anysync.springai;

import org.jspecify.annotations.NullMarked;

/**
 * The other form, blocking or async, of a type without sources: {@link dev.anysync.twins.Twins}.
 */
package dev.anysync.twins;

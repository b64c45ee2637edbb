/**
 * Kotlin's suspend functions, {@code Deferred} and {@code Flow} in either style: the functions of
 * {@code AnySyncKotlin}, which is written in Kotlin.
 */
package dev.anysync.kotlin;

/**
 * What the accessors of Micrometer's {@code ContextRegistry} know travels with each body: {@link
 * dev.anysync.micrometer.MicrometerCarrier}, which there is no need to call.
 */
package dev.anysync.micrometer;

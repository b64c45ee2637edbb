/** A cpu lane on a Hazelcast cluster. */
package dev.anysync.hazelcast;

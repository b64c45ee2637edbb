/** Calls of gRPC in either style: {@link dev.anysync.grpc.AnySyncGrpc}. */
package dev.anysync.grpc;

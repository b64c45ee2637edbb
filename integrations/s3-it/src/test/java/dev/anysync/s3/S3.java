package dev.anysync.s3;

import dev.anysync.AnySynced;
import software.amazon.awssdk.services.s3.S3AsyncClient;

/** Of the client, {@link S3Sync} is generated, the blocking form. */
@AnySynced(of = S3AsyncClient.class)
interface S3 {}

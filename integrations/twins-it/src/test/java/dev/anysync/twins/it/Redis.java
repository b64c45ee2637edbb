package dev.anysync.twins.it;

import dev.anysync.AnySynced;
import io.lettuce.core.api.async.RedisAsyncCommands;

/** Of its commands, {@link RedisSync} is generated, the blocking form. */
@AnySynced(of = RedisAsyncCommands.class)
public interface Redis {}

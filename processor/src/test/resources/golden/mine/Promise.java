package golden;

/** Somebody's own async type. */
public record Promise<T>(T value) {}

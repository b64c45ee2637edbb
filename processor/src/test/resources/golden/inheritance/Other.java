package golden;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

interface Other {
  CompletionStage<? extends CharSequence> wide();

  CompletableFuture<Integer> ended();
}

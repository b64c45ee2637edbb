package dev.anysync.twins;

import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anysync.AnySync;
import java.io.Serializable;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.FutureTask;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Methods: which one of the target each of the view's calls, and what is no view. */
@SuppressWarnings({"unused", "EffectivelyPrivate"}) // what is called through views
class ViewTest {
  // Overloads

  public static class Overloaded {
    public CompletableFuture<String> of(Object value) {
      return completedFuture("object");
    }

    public CompletableFuture<String> of(CharSequence value) {
      return completedFuture("chars");
    }

    public CompletableFuture<String> of(String value) {
      return completedFuture("string");
    }

    public CompletableFuture<String> of(int value) {
      return completedFuture("int");
    }

    public CompletableFuture<String> of(String first, Object second) {
      return completedFuture("string, object");
    }

    public CompletableFuture<String> of(Object first, String second) {
      return completedFuture("object, string");
    }
  }

  @Test
  void theExactMethodOrTheMostSpecific() {
    interface View {
      String of(Object value);

      String of(String value);

      String of(StringBuilder value);

      String of(List<String> value);

      String of(int value);

      String of(long value);

      String of(String first, Object second);
    }
    View view = Twins.sync(View.class, new Overloaded());
    assertThat(view.of(new Object())).isEqualTo("object");
    assertThat(view.of("")).isEqualTo("string");
    assertThat(view.of(new StringBuilder())).isEqualTo("chars");
    assertThat(view.of(List.of())).isEqualTo("object");
    assertThat(view.of(1)).isEqualTo("int");
    assertThat(view.of(1L)).isEqualTo("object");
    assertThat(view.of("", 1)).isEqualTo("string, object");
  }

  /** Parameters alone decide, as in Java. */
  @Test
  void theResultDoesNotChooseTheMethod() {
    class Two {
      public CompletableFuture<Integer> of(Object value) {
        return completedFuture(1);
      }

      public CompletableFuture<String> of(String value) {
        return completedFuture("a");
      }
    }
    interface View {
      int of(String value);
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Twins.sync(View.class, new Two()))
        .withMessageEndingWith(
            "\n  int of(String): CompletableFuture<String> of(String) does not give int");
  }

  interface Ambiguous {
    String of(String first, String second);
  }

  @Test
  void ambiguousOverloads() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Twins.sync(Ambiguous.class, new Overloaded()))
        .withMessage(
            """
            view: dev.anysync.twins.ViewTest$Ambiguous is not the sync form of \
            dev.anysync.twins.ViewTest$Overloaded:
              String of(String, String): CompletableFuture<String> of(Object, String) and \
            CompletableFuture<String> of(String, Object) fit equally well; give it the parameters \
            of one of them\
            """);
  }

  // Variable arity

  public static class Variable {
    public CompletableFuture<String> join(String... parts) {
      return completedFuture(String.join(",", parts));
    }

    public CompletableFuture<Integer> sum(String name, int... numbers) {
      int sum = 0;
      for (int number : numbers) {
        sum += number;
      }
      return completedFuture(sum);
    }

    @SafeVarargs
    @SuppressWarnings("varargs")
    public final <T> CompletableFuture<List<T>> list(T... elements) {
      return completedFuture(List.of(elements));
    }
  }

  @Test
  void variableArity() {
    interface View {
      String join(String... parts);

      String join();

      String join(String part);

      String join(String first, String second);

      int sum(String name, int a, int b);

      int sum(String name);

      List<String> list(String... elements);

      List<Integer> list(Integer a, Integer b);
    }
    View view = Twins.sync(View.class, new Variable());
    assertThat(view.join("a", "b", "c")).isEqualTo("a,b,c");
    assertThat(view.join()).isEmpty();
    assertThat(view.join("a")).isEqualTo("a");
    assertThat(view.join("a", "b")).isEqualTo("a,b");
    assertThat(view.sum("", 1, 2)).isEqualTo(3);
    assertThat(view.sum("")).isEqualTo(0);
    assertThat(view.list("a", "b")).containsExactly("a", "b");
    assertThat(view.list(1, 2)).containsExactly(1, 2);
  }

  // All kinds of arguments

  public static class Primitives {
    public CompletableFuture<String> all(
        boolean z, byte b, short s, char c, int i, long l, float f, double d, int[] array) {
      return completedFuture("" + z + b + s + c + i + l + f + d + array.length);
    }

    public CompletableFuture<Boolean> z() {
      return completedFuture(true);
    }

    public CompletableFuture<Byte> b() {
      return completedFuture((byte) 1);
    }

    public CompletableFuture<Short> s() {
      return completedFuture((short) 2);
    }

    public CompletableFuture<Character> c() {
      return completedFuture('3');
    }

    public CompletableFuture<Long> l() {
      return completedFuture(4L);
    }

    public CompletableFuture<Float> f() {
      return completedFuture(5f);
    }

    public CompletableFuture<Double> d() {
      return completedFuture(6d);
    }

    public CompletableFuture<Integer> missing() {
      return completedFuture(null);
    }
  }

  @Test
  void primitives() {
    interface View {
      String all(boolean z, byte b, short s, char c, int i, long l, float f, double d, int[] array);

      boolean z();

      byte b();

      short s();

      char c();

      long l();

      float f();

      double d();

      int missing();
    }
    View view = Twins.sync(View.class, new Primitives());
    assertThat(view.all(true, (byte) 1, (short) 2, '3', 4, 5, 6, 7, new int[8]))
        .isEqualTo("true123456.07.08");
    assertThat(view.z()).isTrue();
    assertThat("" + view.b() + view.s() + view.c() + view.l() + view.f() + view.d())
        .isEqualTo("12345.06.0");
    assertThatNullPointerException().isThrownBy(view::missing);
  }

  // Generics

  public interface Store<K, V> {
    CompletionStage<V> get(K key);

    CompletionStage<List<V>> all(List<? extends K> keys);

    CompletionStage<Map<K, V>> toMap();

    <R> CompletionStage<R> map(K key, Function<? super V, ? extends R> function);

    CompletionStage<V[]> array(K[] keys);
  }

  private static final class StringStore implements Store<String, Integer> {
    @Override
    public CompletableFuture<Integer> get(String key) {
      return completedFuture(key.length());
    }

    @Override
    public CompletionStage<List<Integer>> all(List<? extends String> keys) {
      return completedFuture(keys.stream().map(String::length).toList());
    }

    @Override
    public CompletionStage<Map<String, Integer>> toMap() {
      return completedFuture(Map.of("a", 1));
    }

    @Override
    public <R> CompletionStage<R> map(String key, Function<? super Integer, ? extends R> function) {
      return completedFuture(function.apply(key.length()));
    }

    @Override
    public CompletionStage<Integer[]> array(String[] keys) {
      return completedFuture(new Integer[keys.length]);
    }
  }

  interface BlockingStore<K, V> {
    V get(K key);

    List<V> all(List<? extends K> keys);

    Map<K, V> toMap();

    <R> R map(K key, Function<? super V, ? extends R> function);

    V[] array(K[] keys);
  }

  interface OfStrings extends BlockingStore<String, Integer> {
    @Override
    Integer get(String key); // with a bridge
  }

  @Test
  void genericViewsAndTargets() {
    OfStrings ofStrings = Twins.sync(OfStrings.class, new StringStore());
    assertThat(ofStrings.get("four")).isEqualTo(4);
    BlockingStore<String, Integer> inherited = ofStrings;
    assertThat(inherited.get("four")).isEqualTo(4);
    assertThat(ofStrings.all(List.of("a", "bb"))).containsExactly(1, 2);
    assertThat(ofStrings.toMap()).containsEntry("a", 1);
    assertThat(ofStrings.<String>map("four", length -> "" + length)).isEqualTo("4");
    assertThat(ofStrings.array(new String[] {"a", "b"})).hasSize(2);
    @SuppressWarnings("unchecked")
    BlockingStore<String, Integer> raw = Twins.sync(BlockingStore.class, new StringStore());
    assertThat(raw.get("four")).isEqualTo(4);
    assertThat(raw.all(List.of("a", "bb"))).containsExactly(1, 2);
  }

  /** The type arguments of an object are not known: what they may be is taken for what they are. */
  @Test
  void typeVariablesOfTheTarget() {
    class Identity<T> {
      public CompletableFuture<T> of(T value) {
        return completedFuture(value);
      }
    }
    interface View {
      String of(String value);
    }
    assertThat(Twins.sync(View.class, new Identity<String>()).of("a")).isEqualTo("a");
  }

  interface WrongArguments {
    List<String> all(List<String> keys);

    Map<Integer, Integer> toMap();

    Integer get(CharSequence key);
  }

  @Test
  void typeArgumentsThatDiffer() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Twins.sync(WrongArguments.class, new StringStore()))
        .withMessageContaining(
            "List<String> all(List<String>): CompletionStage<List<Integer>> all(List<String>)"
                + " does not give List<String>")
        .withMessageContaining("does not give Map<Integer, Integer>")
        .withMessageContaining("takes String as parameter 1, not CharSequence");
  }

  // Default and static methods, inheritance

  public static class Greeter {
    public CompletableFuture<String> greet(String name) {
      return completedFuture("Hello " + name);
    }

    public CompletableFuture<String> both() {
      return completedFuture("of the target");
    }
  }

  interface Greets {
    String greet(String name);

    default String twice(String name, long l, int i) {
      return greet(name) + greet(name) + l + i;
    }
  }

  interface GreetsMore extends Greets, Comparable<GreetsMore>, Serializable {
    default String both() {
      return "of the view";
    }

    @Override
    default int compareTo(GreetsMore other) {
      return 7;
    }

    static String notOfAnObject() {
      return "static";
    }

    @Override
    boolean equals(Object other);

    @Override
    String toString();
  }

  @Test
  void defaultMethods() {
    GreetsMore view = Twins.sync(GreetsMore.class, new Greeter());
    assertThat(view.twice("Ann", 1L, 2)).isEqualTo("Hello AnnHello Ann12");
    assertThat(view.both()).isEqualTo("of the target");
    Comparable<GreetsMore> comparable = view;
    assertThat(comparable.compareTo(view)).isEqualTo(7);
  }

  interface Left {
    Object greet(String name);
  }

  interface Right {
    String greet(String name);
  }

  interface LeftAndRight extends Left, Right {}

  @Test
  void methodsThatDifferInTheirResultAlone() {
    LeftAndRight view = Twins.sync(LeftAndRight.class, new Greeter());
    assertThat(view.greet("Ann")).isEqualTo("Hello Ann");
    assertThat(((Left) view).greet("Ann")).isEqualTo("Hello Ann");
  }

  // Targets

  @Test
  void targetsOfClassesThatAreNotPublic() {
    interface View {
      String greet(String name);
    }
    class Inherits extends Greeter {}
    assertThat(Twins.sync(View.class, new Inherits()).greet("Ann")).isEqualTo("Hello Ann");
    Function<String, CompletableFuture<String>> lambda = name -> completedFuture("Hello " + name);
    interface Applies {
      Object apply(Object name);
    }
    assertThat(Twins.sync(Applies.class, lambda).apply("Ann"))
        .isInstanceOf(CompletableFuture.class); // nothing says that it is one
    interface Submits {
      <T> T submit(Callable<T> task);
    }
    try (var pool = Executors.newVirtualThreadPerTaskExecutor()) {
      assertThat(Twins.sync(Submits.class, pool).<String>submit(() -> "a")).isEqualTo("a");
    }
  }

  interface Getter {
    CompletableFuture<String> get(String key);
  }

  interface SpecialFunction extends Function<String, CompletableFuture<String>> {}

  /** Their classes have the methods of their interfaces without type arguments. */
  @Test
  void lambdasAndProxiesAreCheckedByTheirInterfaces() {
    interface GetsInt {
      int get(String key);
    }
    interface AppliesToInt {
      String apply(Integer key);
    }
    interface Gets {
      String get(String key);
    }
    interface Applies {
      String apply(String key);
    }
    Getter lambda = key -> completedFuture(key);
    Getter proxy =
        (Getter)
            Proxy.newProxyInstance(
                Getter.class.getClassLoader(),
                new Class<?>[] {Getter.class},
                (_, _, arguments) -> completedFuture(arguments[0]));
    SpecialFunction function = key -> completedFuture(key);
    for (Getter getter : List.of(lambda, proxy)) {
      assertThat(Twins.sync(Gets.class, getter).get("a")).isEqualTo("a");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Twins.sync(GetsInt.class, getter))
          .withMessageContaining("CompletableFuture<String> get(String) does not give int");
    }
    assertThat(Twins.sync(Applies.class, function).apply("a")).isEqualTo("a");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Twins.sync(AppliesToInt.class, function))
        .withMessageContaining("apply(String) takes String as parameter 1, not Integer");
  }

  // What is wrong is said at once, and all of it

  public static class Client {
    public CompletableFuture<String> get(String key) {
      return completedFuture(key);
    }

    public CompletableFuture<String> getAllAsync() {
      return completedFuture("");
    }

    public static CompletableFuture<String> ofNobody() {
      return completedFuture("");
    }

    CompletableFuture<String> hidden() {
      return completedFuture("");
    }
  }

  interface Mismatched {
    String get(String key);

    int get(String key, int count);

    int get(CharSequence key);

    String getAll();

    String hidden();

    String ofNobody();
  }

  @Test
  void allMismatchesAreListed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Twins.sync(Mismatched.class, new Client()))
        .withMessage(
            """
            view: dev.anysync.twins.ViewTest$Mismatched is not the sync form of \
            dev.anysync.twins.ViewTest$Client:
              int get(CharSequence): CompletableFuture<String> get(String) takes String as \
            parameter 1, not CharSequence
              int get(String, int): CompletableFuture<String> get(String) has 1 parameter, not 2
              String getAll(): there is no method of this name, but CompletableFuture<String> \
            get(String), CompletableFuture<String> getAllAsync()
              String hidden(): there is no method of this name
              String ofNobody(): there is no method of this name\
            """);
  }

  interface Asynchronous {
    AnySync<Integer> get(String key);

    Flow.Publisher<String> size();
  }

  public static class Blocking {
    public String get(String key) {
      return key;
    }

    public int size() {
      return 0;
    }
  }

  @Test
  void mismatchesOfTheAsyncForm() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Twins.async(Asynchronous.class, new Blocking()))
        .withMessage(
            """
            view: dev.anysync.twins.ViewTest$Asynchronous is not the async form of \
            dev.anysync.twins.ViewTest$Blocking:
              AnySync<Integer> get(String): String get(String) does not give AnySync<Integer>
              Publisher<String> size(): int size() does not give Publisher<String>\
            """);
  }

  sealed interface Sealed permits OnlyOne {}

  record OnlyOne() implements Sealed {}

  @Test
  @SuppressWarnings("NullAway")
  void badInput() {
    var client = new Client();
    assertThatNullPointerException().isThrownBy(() -> Twins.sync(null, client)).withMessage("view");
    assertThatNullPointerException()
        .isThrownBy(() -> Twins.sync(Greets.class, null))
        .withMessage("async");
    assertThatNullPointerException()
        .isThrownBy(() -> Twins.async(Greets.class, null))
        .withMessage("blocking");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Twins.sync(String.class, client))
        .withMessageContaining("java.lang.String is not an interface");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Twins.sync(Sealed.class, client))
        .withMessageContaining("is sealed");
  }

  // Many methods, and many threads

  private static final int METHODS = 1_000;

  /** A type with the methods {@code m0(String)}, {@code m1(String)} and so on. */
  private static Class<?> big(String name, Class<?> result, boolean isView) {
    var loader =
        new ClassLoader(ViewTest.class.getClassLoader()) {
          Class<?> define(byte[] bytes) {
            return defineClass(null, bytes, 0, bytes.length);
          }
        };
    ClassDesc string = ConstantDescs.CD_String;
    ClassDesc future = CompletableFuture.class.describeConstable().orElseThrow();
    return loader.define(
        ClassFile.of()
            .build(
                ClassDesc.of("big", name),
                type -> {
                  if (isView) {
                    type.withFlags(
                        ClassFile.ACC_PUBLIC | ClassFile.ACC_INTERFACE | ClassFile.ACC_ABSTRACT);
                  } else {
                    type.withFlags(ClassFile.ACC_PUBLIC);
                    type.withMethodBody(
                        "<init>",
                        ConstantDescs.MTD_void,
                        ClassFile.ACC_PUBLIC,
                        code ->
                            code.aload(0)
                                .invokespecial(
                                    ConstantDescs.CD_Object, "<init>", ConstantDescs.MTD_void)
                                .return_());
                  }
                  for (int i = 0; i < METHODS; i++) {
                    int number = i;
                    MethodTypeDesc descriptor =
                        MethodTypeDesc.of(result.describeConstable().orElseThrow(), string);
                    if (isView) {
                      type.withMethod(
                          "m" + i,
                          descriptor,
                          ClassFile.ACC_PUBLIC | ClassFile.ACC_ABSTRACT,
                          _ -> {});
                    } else {
                      type.withMethodBody(
                          "m" + i,
                          descriptor,
                          ClassFile.ACC_PUBLIC,
                          code ->
                              code.aload(1)
                                  .loadConstant("" + number)
                                  .invokevirtual(
                                      string, "concat", MethodTypeDesc.of(string, string))
                                  .invokestatic(
                                      future,
                                      "completedFuture",
                                      MethodTypeDesc.of(future, ConstantDescs.CD_Object))
                                  .areturn());
                    }
                  }
                }));
  }

  @Test
  void aThousandMethods() throws Exception {
    Class<?> view = big("View", String.class, true);
    Object target = big("Target", CompletableFuture.class, false).getConstructor().newInstance();
    Object twin = Twins.sync(view, target);
    for (int i = 0; i < METHODS; i++) {
      assertThat(view.getMethod("m" + i, String.class).invoke(twin, "x")).isEqualTo("x" + i);
    }
  }

  @Test
  void manyThreadsAtOnce() throws Exception {
    interface View {
      String get(String key);
    }
    List<FutureTask<String>> tasks =
        Stream.generate(() -> new FutureTask<>(() -> Twins.sync(View.class, new Client()).get("a")))
            .limit(32)
            .toList();
    tasks.forEach(Thread::startVirtualThread);
    for (FutureTask<String> task : tasks) {
      assertThat(task.get()).isEqualTo("a");
    }
  }

  @Test
  void viewsOfTheJdk() {
    assertThatThrownBy(() -> Twins.sync(Runnable.class, new Object()))
        .hasMessageContaining("which has no public method in a type that is public")
        .hasMessageContaining("void run(): there is no method of this name");
    var ran = new boolean[1];
    Runnable task = () -> ran[0] = true;
    Twins.sync(Runnable.class, task).run(); // a view of the JDK's
    assertThat(ran).containsExactly(true);
  }
}

package dev.anysync.twins;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BiFunction;

/** The class that implements a view, for all targets. */
final class ViewClass {
  /*
   * Overview. The class is made once for each view: in its package, if that is open to us, or else
   * in a class loader below that of the view. An object of it holds its target, and a function for
   * each method of the view, in the order of `methods`, or null where a default method is to run
   * itself. So the class knows nothing of any target, and the functions nothing of the view. They
   * are kept with the target's class, under a key that is kept with the view: neither class keeps
   * the other one from being unloaded.
   *
   * It is byte code because java.lang.reflect.Proxy would wrap the checked exceptions that a method
   * does not declare.
   */

  private static final ClassDesc OBJECT = ConstantDescs.CD_Object;
  private static final ClassDesc FUNCTION = descriptor(BiFunction.class);
  private static final int FIELD = ClassFile.ACC_PRIVATE | ClassFile.ACC_FINAL;

  private static final ClassValue<ViewClass> ALL =
      new ClassValue<>() {
        @Override
        protected ViewClass computeValue(Class<?> view) {
          return new ViewClass(view);
        }
      };

  private final Class<?> view;
  private final List<Member> methods;
  private final Lookup lookup;
  private final MethodHandle constructor;
  private final ClassValue<BiFunction<?, ?, ?>[]> sync = calls(Form.SYNC);
  private final ClassValue<BiFunction<?, ?, ?>[]> async = calls(Form.ASYNC);

  private ViewClass(Class<?> view) {
    this.view = view;
    this.methods = methods(view);
    String name = "%s$Twin%x".formatted(view.getName(), ThreadLocalRandom.current().nextLong());
    Lookup lookup;
    Class<?> type;
    try {
      ViewClass.class.getModule().addReads(view.getModule());
      lookup = MethodHandles.privateLookupIn(view, MethodHandles.lookup());
      type = lookup.defineClass(bytes(ClassDesc.of(name)));
    } catch (IllegalAccessException e) {
      lookup = MethodHandles.publicLookup();
      type = new Beside(view).define(bytes(ClassDesc.of("dev.anysync.twins.views." + name)));
    }
    this.lookup = lookup;
    try {
      this.constructor =
          lookup
              .findConstructor(
                  type, MethodType.methodType(void.class, Object.class, BiFunction[].class))
              .asType(MethodType.methodType(Object.class, Object.class, BiFunction[].class));
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("of a public constructor of a public class", e);
    }
  }

  /** Returns the class of {@code view}, which has been checked, apart from its methods. */
  static ViewClass of(Class<?> view) {
    if (!view.isInterface()) {
      throw new IllegalArgumentException(
          "view: %s is not an interface; declare one with the methods that you wish"
              .formatted(view.getName()));
    }
    if (view.isSealed() || view.isHidden()) {
      throw new IllegalArgumentException(
          "view: %s is %s, so that nothing else can implement it; let it extend one that is not"
              .formatted(view.getName(), view.isSealed() ? "sealed" : "hidden"));
    }
    return ALL.get(view);
  }

  /** Returns an object of the view whose methods call those of {@code target}. */
  Object twin(Form form, Object target) {
    BiFunction<?, ?, ?>[] calls = (form == Form.SYNC ? sync : async).get(target.getClass());
    try {
      return (Object) constructor.invokeExact(target, (BiFunction[]) calls);
    } catch (Throwable e) {
      throw new AssertionError("a constructor that does nothing", e);
    }
  }

  private ClassValue<BiFunction<?, ?, ?>[]> calls(Form form) {
    return new ClassValue<>() {
      @Override
      protected BiFunction<?, ?, ?>[] computeValue(Class<?> target) {
        return new Matching(form, target, lookup).calls(view, methods);
      }
    };
  }

  /** The methods to implement: those of instances, but for bridges, and for Object's. */
  private static List<Member> methods(Class<?> view) {
    Shape shape = Shape.of(view);
    Map<String, Member> methods = new TreeMap<>();
    for (Method method : view.getMethods()) {
      if (!Modifier.isStatic(method.getModifiers()) && !method.isBridge() && !isOfObject(method)) {
        Shape declaring = Objects.requireNonNull(shape.as(method.getDeclaringClass()));
        methods.put(
            method.getName() + descriptor(method).descriptorString(), Member.of(method, declaring));
      }
    }
    return List.copyOf(methods.values());
  }

  private static boolean isOfObject(Method method) {
    try {
      Method _ = Object.class.getMethod(method.getName(), method.getParameterTypes());
      return true;
    } catch (NoSuchMethodException e) {
      return false;
    }
  }

  private byte[] bytes(ClassDesc self) {
    return ClassFile.of()
        .build(
            self,
            type -> {
              type.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL | ClassFile.ACC_SYNTHETIC)
                  .withInterfaceSymbols(descriptor(view))
                  .withField("target", OBJECT, FIELD)
                  .withField("calls", FUNCTION.arrayType(), FIELD);
              addConstructor(type, self);
              addObjectMethods(type, self);
              for (int i = 0; i < methods.size(); i++) {
                add(type, self, methods.get(i).method(), i);
              }
            });
  }

  private static void addConstructor(ClassBuilder type, ClassDesc self) {
    type.withMethodBody(
        ConstantDescs.INIT_NAME,
        MethodTypeDesc.of(ConstantDescs.CD_void, OBJECT, FUNCTION.arrayType()),
        ClassFile.ACC_PUBLIC,
        code ->
            code.aload(0)
                .invokespecial(OBJECT, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void)
                .aload(0)
                .aload(1)
                .putfield(self, "target", OBJECT)
                .aload(0)
                .aload(2)
                .putfield(self, "calls", FUNCTION.arrayType())
                .return_());
  }

  private void addObjectMethods(ClassBuilder type, ClassDesc self) {
    type.withMethodBody(
        "equals",
        MethodTypeDesc.of(ConstantDescs.CD_boolean, OBJECT),
        ClassFile.ACC_PUBLIC,
        code -> {
          Label differs = code.newLabel();
          code.aload(1).instanceOf(self).ifeq(differs);
          code.aload(0).getfield(self, "target", OBJECT);
          code.aload(1).checkcast(self).getfield(self, "target", OBJECT).if_acmpne(differs);
          code.aload(0).getfield(self, "calls", FUNCTION.arrayType());
          code.aload(1).checkcast(self).getfield(self, "calls", FUNCTION.arrayType());
          code.if_acmpne(differs).iconst_1().ireturn();
          code.labelBinding(differs).iconst_0().ireturn();
        });
    type.withMethodBody(
        "hashCode",
        MethodTypeDesc.of(ConstantDescs.CD_int),
        ClassFile.ACC_PUBLIC,
        code ->
            code.aload(0)
                .getfield(self, "target", OBJECT)
                .invokestatic(
                    descriptor(System.class),
                    "identityHashCode",
                    MethodTypeDesc.of(ConstantDescs.CD_int, OBJECT))
                .ireturn());
    ClassDesc string = ConstantDescs.CD_String;
    type.withMethodBody(
        "toString",
        MethodTypeDesc.of(string),
        ClassFile.ACC_PUBLIC,
        code ->
            code.loadConstant(view.getName() + " of ")
                .aload(0)
                .getfield(self, "target", OBJECT)
                .invokestatic(string, "valueOf", MethodTypeDesc.of(string, OBJECT))
                .invokevirtual(string, "concat", MethodTypeDesc.of(string, string))
                .areturn());
  }

  private void add(ClassBuilder type, ClassDesc self, Method method, int index) {
    MethodTypeDesc descriptor = descriptor(method);
    type.withMethodBody(
        method.getName(),
        descriptor,
        ClassFile.ACC_PUBLIC,
        code -> {
          code.aload(0).getfield(self, "calls", FUNCTION.arrayType()).loadConstant(index).aaload();
          if (method.isDefault()) {
            Label matched = code.newLabel();
            code.dup().ifnonnull(matched).pop().aload(0);
            for (int i = 0; i < descriptor.parameterCount(); i++) {
              code.loadLocal(TypeKind.from(descriptor.parameterType(i)), code.parameterSlot(i));
            }
            code.invokespecial(descriptor(view), method.getName(), descriptor, true);
            code.return_(TypeKind.from(descriptor.returnType())).labelBinding(matched);
          }
          code.aload(0).getfield(self, "target", OBJECT);
          code.loadConstant(descriptor.parameterCount()).anewarray(OBJECT);
          for (int i = 0; i < descriptor.parameterCount(); i++) {
            TypeKind kind = TypeKind.from(descriptor.parameterType(i));
            code.dup().loadConstant(i).loadLocal(kind, code.parameterSlot(i));
            box(code, method.getParameterTypes()[i]);
            code.aastore();
          }
          code.invokeinterface(FUNCTION, "apply", MethodTypeDesc.of(OBJECT, OBJECT, OBJECT));
          unboxAndReturn(code, method.getReturnType());
        });
  }

  private static void box(CodeBuilder code, Class<?> type) {
    if (type.isPrimitive()) {
      ClassDesc boxed = descriptor(MethodType.methodType(type).wrap().returnType());
      code.invokestatic(boxed, "valueOf", MethodTypeDesc.of(boxed, descriptor(type)));
    }
  }

  private static void unboxAndReturn(CodeBuilder code, Class<?> type) {
    if (type == void.class) {
      code.return_();
    } else if (type.isPrimitive()) {
      ClassDesc boxed = descriptor(MethodType.methodType(type).wrap().returnType());
      code.checkcast(boxed)
          .invokevirtual(boxed, type.getName() + "Value", MethodTypeDesc.of(descriptor(type)))
          .return_(TypeKind.from(type));
    } else {
      code.checkcast(descriptor(type)).areturn();
    }
  }

  private static ClassDesc descriptor(Class<?> type) {
    return ClassDesc.ofDescriptor(type.descriptorString());
  }

  private static MethodTypeDesc descriptor(Method method) {
    return MethodTypeDesc.ofDescriptor(
        MethodType.methodType(method.getReturnType(), method.getParameterTypes())
            .descriptorString());
  }

  /** For a view that everybody may use, in a package that is not open to us. */
  private static final class Beside extends ClassLoader {
    Beside(Class<?> view) {
      super(view.getClassLoader());
      try {
        Class<?> _ = MethodHandles.publicLookup().accessClass(view);
      } catch (IllegalAccessException e) {
        Module ours = ViewClass.class.getModule();
        throw new IllegalArgumentException(
            "view: %s cannot be implemented, as %s neither exports it to all nor opens it to us: let it say 'opens %s%s;'"
                .formatted(
                    view.getName(),
                    view.getModule(),
                    view.getPackageName(),
                    ours.isNamed() ? " to " + ours.getName() : ""),
            e);
      }
    }

    Class<?> define(byte[] bytes) {
      return defineClass(null, bytes, 0, bytes.length);
    }
  }
}

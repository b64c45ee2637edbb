package dev.anysync.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.FencedCodeBlock;
import org.commonmark.node.HtmlBlock;
import org.commonmark.node.IndentedCodeBlock;
import org.commonmark.node.Node;
import org.commonmark.parser.IncludeSourceSpans;
import org.commonmark.parser.Parser;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/**
 * A block of code in a Markdown page. By its language:
 *
 * <ul>
 *   <li>{@code java} compiles and runs, see {@link JavaSnippet}; the comment {@code <!-- given: ...
 *       -->} before it holds what the text takes for granted.
 *   <li>{@code sh} holds commands; in {@code console} they follow a {@code $}. Maven's have known
 *       goals, options, modules, properties and tests; scripts exist.
 *   <li>{@code xml} parses, and the artifacts of this project in it exist.
 *   <li>{@code text} is anything: messages, diagrams, output, code for another compiler.
 * </ul>
 *
 * After the comment {@code <!-- file: X -->} a block of any kind is a part of file X, word for
 * word. No other block is allowed, so that none goes unchecked.
 */
record DocsBlock(Path root, String place, String language, String code, List<String> comments) {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final Pattern COMMENT =
      Pattern.compile("<!--\\s*(given|file):(.*?)-->", Pattern.DOTALL);
  private static final Set<String> GOALS =
      Set.of("clean", "compile", "test", "package", "verify", "install", "exec:exec");
  private static final Set<String> OPTIONS = Set.of("-B", "-N", "-am", "-o", "-q");

  static List<DocsBlock> in(Path root, Path page) throws IOException {
    return parse(root, root.relativize(page).toString(), Files.readString(page));
  }

  static List<DocsBlock> parse(Path root, String page, String markdown) {
    List<DocsBlock> blocks = new ArrayList<>();
    Node document =
        Parser.builder().includeSourceSpans(IncludeSourceSpans.BLOCKS).build().parse(markdown);
    document.accept(
        new AbstractVisitor() {
          @Override
          public void visit(FencedCodeBlock block) {
            add(block, block.getInfo().strip(), block.getLiteral());
          }

          @Override
          public void visit(IndentedCodeBlock block) {
            add(block, "", block.getLiteral());
          }

          private void add(Node block, String language, String code) {
            int line = block.getSourceSpans().getFirst().getLineIndex() + 1;
            blocks.add(
                new DocsBlock(root, page + ":" + line, language, code, commentsBefore(block)));
          }
        });
    return blocks;
  }

  private static List<String> commentsBefore(Node block) {
    return block.getPrevious() instanceof HtmlBlock html ? List.of(html.getLiteral()) : List.of();
  }

  void check() throws Exception {
    String file = comment("file");
    if (!file.isEmpty()) {
      assertThat(lines(Files.readString(root.resolve(file))))
          .as("%s holds what %s says", file, place)
          .containsSequence(lines(code));
      return;
    }
    switch (language) {
      case "java" -> new JavaSnippet(comment("given"), code).run(TIMEOUT);
      case "sh", "console" -> {
        assertThat(commands()).as("commands").isNotEmpty();
        for (String command : commands()) {
          checkCommand(command);
        }
      }
      case "xml" -> checkXml();
      case "text" -> {}
      default ->
          fail(
              "a block of code is fenced and marked java, sh, console, xml or text, not '%s'",
              language);
    }
  }

  private String comment(String key) {
    StringBuilder text = new StringBuilder();
    for (String comment : comments) {
      Matcher matcher = COMMENT.matcher(comment);
      while (matcher.find()) {
        if (key.equals(matcher.group(1))) {
          text.append(matcher.group(2).strip());
        }
      }
    }
    return text.toString();
  }

  private static List<String> lines(String text) {
    return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
  }

  /** The commands of a shell block, one by one; none for another block. */
  List<String> commands() {
    if (!language.equals("sh") && !language.equals("console")) {
      return List.of();
    }
    return code.replaceAll("\\\\\n\\s*", "")
        .lines()
        .map(String::strip)
        .filter(line -> language.equals("sh") || line.startsWith("$ "))
        .map(line -> line.replaceFirst("^\\$ ", "").replaceFirst("(^|\\s+)#.*", ""))
        .flatMap(line -> Stream.of(line.split("&&")))
        .map(String::strip)
        .filter(command -> !command.isEmpty())
        .toList();
  }

  private void checkCommand(String command) throws IOException {
    List<String> words =
        Pattern.compile("(?:[^\\s\"']|\"[^\"]*\"|'[^']*')+")
            .matcher(command)
            .results()
            .map(word -> word.group())
            .toList();
    switch (words.getFirst()) {
      case "mvn" -> checkMaven(words.subList(1, words.size()));
      case "git", "cd", "java" -> {}
      case "bash" -> assertThat(root.resolve(words.get(1))).isExecutable();
      default -> assertThat(root.resolve(words.getFirst())).isExecutable();
    }
  }

  private void checkMaven(List<String> words) throws IOException {
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      if (word.equals("-pl")) {
        for (String module : words.get(++i).split(",", -1)) {
          assertThat(root.resolve(module).resolve("pom.xml")).exists();
        }
      } else if (word.startsWith("-D")) {
        String[] property = word.substring("-D".length()).split("=", 2);
        checkProperty(property[0], property.length == 1 ? "" : property[1]);
      } else if (word.startsWith("-")) {
        assertThat(OPTIONS).contains(word);
      } else {
        assertThat(GOALS).contains(word);
      }
    }
  }

  /** A property is one that a build file or a test reads, and names what exists. */
  private void checkProperty(String name, String value) throws IOException {
    switch (name) {
      case "test" -> assertThat(sourceFile(value.replaceFirst("[#+*].*", "") + ".java")).isTrue();
      case "example" -> assertThat(sourceFile(value + ".java")).isTrue();
      default -> {
        boolean known = false;
        for (Path file : files()) {
          String text = file.endsWith("pom.xml") || isTest(file) ? Files.readString(file) : "";
          known |= text.contains("${" + name + "}") || text.contains('"' + name + '"');
        }
        assertThat(known).as("-D%s is read somewhere", name).isTrue();
      }
    }
  }

  private boolean sourceFile(String name) throws IOException {
    return files().stream().anyMatch(file -> file.endsWith(name));
  }

  private static boolean isTest(Path file) {
    return file.toString().contains("/src/test/java/") && !file.endsWith("DocsTest.java");
  }

  private void checkXml() throws IOException, SAXException, ParserConfigurationException {
    Set<String> artifacts = new HashSet<>();
    for (Path file : files()) {
      if (file.endsWith("pom.xml")) {
        artifacts.add(child(xml(Files.readString(file)).getDocumentElement(), "artifactId"));
      }
    }
    NodeList groups =
        xml("<block>" + code.replaceFirst("<\\?xml.*?\\?>", "") + "</block>")
            .getElementsByTagName("groupId");
    for (int i = 0; i < groups.getLength(); i++) {
      if (groups.item(i).getTextContent().strip().equals("dev.anysync")) {
        assertThat(artifacts)
            .as("artifacts of this build")
            .contains(child((Element) groups.item(i).getParentNode(), "artifactId"));
      }
    }
  }

  private static Document xml(String text)
      throws IOException, SAXException, ParserConfigurationException {
    var builder = DocumentBuilderFactory.newInstance().newDocumentBuilder();
    builder.setErrorHandler(null);
    return builder.parse(new InputSource(new StringReader(text)));
  }

  private static String child(Element parent, String name) {
    for (var node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
      if (node.getNodeName().equals(name)) {
        return node.getTextContent().strip();
      }
    }
    return "";
  }

  /** The build files and sources of the repository. */
  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(f -> f.endsWith("pom.xml") || f.toString().endsWith(".java"))
          .filter(f -> Objects.requireNonNull(f.getParent()).toString().indexOf("/target/") < 0)
          .toList();
    }
  }

  @Override
  public String toString() {
    return place + " " + language;
  }
}

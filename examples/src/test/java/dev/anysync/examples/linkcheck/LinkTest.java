package dev.anysync.examples.linkcheck;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LinkTest {

  private static final URI PAGE = URI.create("http://example.org/a/b.html?c");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          d.html                    | http://example.org/a/d.html
          ./d.html                  | http://example.org/a/d.html
          ../d.html                 | http://example.org/d.html
          ../../d.html              | http://example.org/d.html
          /d/./e/../f               | http://example.org/d/f
          ?d                        | http://example.org/a/b.html?d
          "#d"                      | http://example.org/a/b.html?c#d
          //other.org               | http://other.org/
          HTTP://Other.ORG:80/D     | http://other.org/D
          https://other.org:443/?d  | https://other.org/?d
          https://other.org:8443?d  | https://other.org:8443/?d
          two words                 | http://example.org/a/two%20words
          two%20words               | http://example.org/a/two%20words
          Århus                     | http://example.org/a/%C3%85rhus
          %C3%85rhus                | http://example.org/a/%C3%85rhus
          100%                      | http://example.org/a/100%25
          d{e}f                     | http://example.org/a/d%7Be%7Df
          /./d/../e?f=/../g         | http://example.org/e?f=/../g
          http://other.org/d/../e   | http://other.org/e
          http://bücher.example/ü   | http://xn--bcher-kva.example/%C3%BC
          mailto:a@b.org            | mailto:a@b.org
          """)
  void aLinkHasOneSpelling(String written, String uri) {
    assertThat(Link.redirect(PAGE, written).uri()).hasToString(uri);
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://[", "http://two words/", "http://", "http://a:b:c/"})
  void whatIsNoUrlHasNoUri(String written) {
    assertThat(Link.redirect(PAGE, written).uri()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          d           |
          d#          |
          d#top       |
          d#:~:text=e |
          d#e         | e
          d#e+f       | e+f
          d#e%20f     | e f
          d#größe     | größe
          d##e#f      | #e#f
          """)
  void theAnchorIsTheDecodedFragment(String written, String anchor) {
    assertThat(Link.redirect(PAGE, written).anchor()).isEqualTo(anchor);
  }
}

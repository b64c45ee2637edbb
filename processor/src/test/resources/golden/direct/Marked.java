package golden;

import dev.anysync.AnySynced;

/// Documented in *Markdown*, with `code`.
///
/// And a second paragraph.
@AnySynced
interface Marked {
  /// {@return the *text* of `it`}
  ///
  /// @param it what
  /// @throws Exception now and then
  String text(int it) throws Exception;
}

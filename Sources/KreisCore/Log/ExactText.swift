// SPDX-License-Identifier: EUPL-1.2

extension String {
  /// The text whose UTF-8 form these bytes are; `nil` if they are none.
  ///
  /// `String(validating:as:)` says the same and takes twice as long (measured on short German texts,
  /// of which a catch-up reads a dozen for each record).
  package init?(exactUTF8 bytes: UnsafeBufferPointer<UInt8>) {
    guard let text = try? UTF8Span(validating: bytes.span) else { return nil }
    self.init(copying: text)
  }
}

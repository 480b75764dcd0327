// SPDX-License-Identifier: EUPL-1.2

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Base64 text (RFC 4648) in its one canonical form: what decodes also encodes back to the same.
package enum Base64 {
  /// The standard alphabet with padding (§4), as HTTP fields carry bytes (RFC 8941 §3.3.5).
  package static func encode(_ bytes: some Sequence<UInt8>) -> String {
    Data(bytes).base64EncodedString()
  }

  /// `nil` for anything but the canonical form.
  package static func decode(_ text: some StringProtocol) -> [UInt8]? {
    guard let data = Data(base64Encoded: String(text)), data.base64EncodedString() == text else {
      return nil
    }
    return Array(data)
  }

  /// The alphabet for URLs without padding (§5), which survives mail and shells.
  package static func encodeURL(_ bytes: some Sequence<UInt8>) -> String {
    String(
      encode(bytes).compactMap { character in
        switch character {
        case "+": "-"
        case "/": "_"
        case "=": nil
        default: character
        }
      })
  }

  /// `nil` for anything but the canonical form.
  package static func decodeURL(_ text: some StringProtocol) -> [UInt8]? {
    guard text.utf8.allSatisfy({ $0 != 43 && $0 != 47 && $0 != 61 }) else { return nil }
    let standard = text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
    return decode(String(standard) + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4))
  }
}

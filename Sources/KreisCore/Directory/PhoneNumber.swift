// SPDX-License-Identifier: EUPL-1.2

/// What a telephone number as typed in Germany means internationally.
package enum PhoneNumber {
  /// The number in the form of ITU-T E.164: `(02 21) 4710 442` is `+492214710442`.
  ///
  /// - Returns: `nil` for what has no such form by itself: a number without its area code, or a short
  ///   one such as 110.
  package static func e164(_ spelling: String) -> String? {
    // The trunk zero in brackets is not dialled from abroad: +49 (0)221 …
    let text = spelling.filter { $0 != " " }.replacing(
      "(0)", with: spelling.contains("+") ? "" : "0")
    let digits = text.filter { $0.isASCII && $0.isNumber }
    let number: String
    if text.hasPrefix("+") {
      number = "+" + digits
    } else if digits.hasPrefix("00") {
      number = "+" + digits.dropFirst(2)
    } else if digits.hasPrefix("0") {
      number = "+49" + digits.dropFirst()
    } else {
      return nil
    }
    guard !text.dropFirst().contains("+") else { return nil }
    return ContactText.e164(number)
  }
}

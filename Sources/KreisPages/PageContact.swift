// SPDX-License-Identifier: EUPL-1.2

/// Whom readers of pages can turn to, and what a publisher has to link.
package struct PageContact: Sendable, Equatable {
  package var name: String?
  package var email: String?
  package var phone: String?
  /// `https://…`
  package var imprint: String?
  /// `https://…`
  package var privacy: String?

  package init() {}

  package var isReachable: Bool { email != nil || phone != nil }

  /// - Parameter subject: of a mail.
  package func view(subject: String) -> View {
    [
      "contactName": name as Any? ?? false, "email": email as Any? ?? false,
      "mail": email.map { "mailto:\($0)?subject=\(FormValues.encoded(subject))" } as Any? ?? false,
      "phone": phone as Any? ?? false, "call": phone.flatMap(Self.call) as Any? ?? false,
      "imprint": imprint as Any? ?? false, "privacy": privacy as Any? ?? false,
      "isReachable": isReachable,
    ]
  }

  /// The address that dials a number; `nil` without digits.
  package static func call(_ number: String) -> String? {
    let digits = number.filter { $0.isASCII && ($0.isNumber || $0 == "+") }
    return digits.isEmpty ? nil : "tel:" + digits
  }
}

/// Texts of pages that more than one server has.
package enum SharedTexts {
  /// The accessibility statement, filled with `PageContact.view`, `scope` and `isConsole`.
  package static let accessibility = PackageResources.accessibility_mustache
}

// SPDX-License-Identifier: EUPL-1.2

/// What somebody may do at the console; each includes the ones before.
package enum ConsoleRole: String, CaseIterable, Comparable, Sendable {
  case reading, coordinating, administering

  package static func < (first: Self, second: Self) -> Bool { first.rank < second.rank }

  private var rank: Int {
    switch self {
    case .reading: 0
    case .coordinating: 1
    case .administering: 2
    }
  }

  /// As people read it.
  package var label: String {
    switch self {
    case .reading: "Lesen"
    case .coordinating: "Koordination"
    case .administering: "Verwaltung"
    }
  }

  /// Who may have the console run a command. Here and nowhere else: a command that is not named needs
  /// the last role.
  static func needed(for command: String) -> ConsoleRole {
    switch command {
    case "search", "show", "list", "related", "history", "choices", "sync", "status", "conflicts",
      "requests", "due", "overview", "districts", "duplicates", "releases", "retention", "erasures":
      .reading
    case "add", "edit", "delete", "undelete", "resolve", "confirm", "request", "accept", "decline",
      "merge", "distinct", "release", "import", "export":
      .coordinating
    default: .administering
    }
  }
}

/// Who sits at a browser.
package struct ConsolePerson: Hashable, Sendable {
  /// The account; `nil` where nobody is asked who they are.
  package let account: String?
  package let role: ConsoleRole

  /// Whoever reaches a console that asks nobody.
  static let anybody = ConsolePerson(account: nil, role: .administering)

  /// In which role somebody with an account acts: what is typed proves nothing.
  var statedRole: String? { account == nil ? nil : role.label }

  func may(_ command: String) -> Bool { role >= ConsoleRole.needed(for: command) }
}

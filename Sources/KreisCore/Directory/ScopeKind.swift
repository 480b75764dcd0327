// SPDX-License-Identifier: EUPL-1.2

/// The sort of readers a field's value goes to when its author names no other.
///
/// A `Scope` additionally says whose coordination is meant; the table of fields cannot know that.
package enum ScopeKind: String, CaseIterable, Hashable, Sendable {
  case `public`
  case kreis
  case coordination
  case local

  /// The German name shown to people.
  package var label: String {
    switch self {
    case .public: "Öffentlich"
    case .kreis: "Netzwerkpartner"
    case .coordination: "Koordination"
    case .local: "Nur hier"
    }
  }
}

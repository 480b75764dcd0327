// SPDX-License-Identifier: EUPL-1.2

/// A closed list of keys with their German labels. Keys are never reused for another meaning.
package struct Vocabulary: Hashable, Sendable {
  package struct Term: Hashable, Sendable {
    package let key: String
    package let label: String
  }

  package let name: String
  package let terms: [Term]

  package init(_ name: String, _ terms: KeyValuePairs<String, String>) {
    self.name = name
    self.terms = terms.map { Term(key: $0.key, label: $0.value) }
  }

  /// The label of a key; `nil` if the vocabulary lacks it.
  package func label(of key: String) -> String? {
    terms.first { $0.key == key }?.label
  }

  /// The key that is meant by a key or its German label, in any case of letters.
  func key(for text: String) -> String? {
    if let term = terms.first(where: { $0.key == text }) { return term.key }
    let lowered = text.lowercased()
    return terms.first { $0.key == lowered || $0.label.lowercased() == lowered }?.key
  }

  var listing: String { terms.map { "\($0.key) (\($0.label))" }.joined(separator: ", ") }

  /// Whether the vocabulary is the same; the labels may be reworded.
  package static func == (lhs: Vocabulary, rhs: Vocabulary) -> Bool { lhs.name == rhs.name }
  package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

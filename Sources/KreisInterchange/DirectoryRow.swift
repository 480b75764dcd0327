// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

/// Another record, as a row of an import names it.
package enum RecordReference: Hashable, Sendable {
  /// The full id, lower case.
  case id(String)
  /// The `external_id` of a record, which the store resolves: `key:kita-loewenzahn`.
  case key(String)
  /// What people call it, which the store resolves: the name or a synonym of a category, the name or
  /// official key (AGS) of a municipality.
  case name(String)

  /// The form in which a row holds it.
  package var text: String {
    switch self {
    case .id(let id): id
    case .key(let key): "key:" + key
    case .name(let name): name
    }
  }
}

/// One validated value, or one element of a set.
package enum RowValue: Hashable, Sendable {
  /// Canonical text.
  case text(String)
  case reference(RecordReference)

  /// The form in which a row holds it.
  package var text: String {
    switch self {
    case .text(let text): text
    case .reference(let reference): reference.text
    }
  }
}

/// What a row does to a field.
package enum FieldEdit: Hashable, Sendable {
  case set(RowValue)
  /// The set has these elements and no others; sorted, each once.
  case elements([RowValue])
  case withdraw
}

/// One row of an import or export, of whichever format.
package struct DirectoryRow: Hashable, Sendable {
  /// What the row says of one field.
  package struct Entry: Hashable, Sendable {
    package let field: Field
    /// The default of the field, or what the row names: `phone@coordination`.
    package let scope: ScopeKind
    package let edit: FieldEdit
    /// Whether a reference that leads nowhere is left out instead of the whole row.
    package let isOptional: Bool

    package init(
      _ field: Field, _ edit: FieldEdit, scope: ScopeKind? = nil, isOptional: Bool = false
    ) {
      self.field = field
      self.scope = scope ?? field.scope
      self.edit = edit
      self.isOptional = isOptional
    }
  }

  /// The physical line of the file, from 1; 0 for a row that comes from no file.
  package let line: Int
  package let kind: RecordKind
  /// The full id, lower case, if the row names one.
  package let id: String?
  package let values: [Entry]
  /// Whether it comes from a training realm.
  package let isTraining: Bool

  package init(
    line: Int, kind: RecordKind, id: String?, values: [Entry], isTraining: Bool = false
  ) {
    self.isTraining = isTraining
    self.line = line
    self.kind = kind
    self.id = id
    self.values = values
  }

  /// The key of the source system, by which the same row is found again.
  package var externalID: String? {
    for entry in values where entry.field.tag == kind.externalID?.tag {
      if case .set(let value) = entry.edit { return value.text }
    }
    return nil
  }

  /// All that is wrong with the record as a whole, `RecordKind.problems(in:isNew:)`.
  package func problems(isNew: Bool) -> [InvalidValue] {
    kind.problems(in: values.flatMap(fieldValues), isNew: isNew)
  }

  private func fieldValues(of entry: Entry) -> [FieldValue] {
    switch entry.edit {
    case .set(let value): [FieldValue(entry.field, value.text, scope: entry.scope)]
    case .elements(let elements):
      elements.isEmpty
        ? [FieldValue(entry.field, nil, scope: entry.scope)]
        : elements.map { FieldValue(entry.field, $0.text, scope: entry.scope) }
    case .withdraw: [FieldValue(entry.field, nil, scope: entry.scope)]
    }
  }
}

/// Everything that is wrong with one row.
package struct RowError: Error, Hashable, Sendable, CustomStringConvertible {
  package let line: Int
  /// At least one sentence.
  package let reasons: [String]

  package var description: String { "line \(line): " + reasons.joined(separator: " · ") }
}

// SPDX-License-Identifier: EUPL-1.2

extension RecordKind {
  /// Warnings about free texts that look like notes about a case; empty if there are none.
  ///
  /// - Parameter values: canonical values as they are about to be written.
  package func caseNotes(in values: [FieldValue]) -> [String] {
    values.flatMap { value -> [String] in
      guard let text = value.text, value.field.isFreeText else { return [] }
      return CaseNote.signs(in: text).map { $0.warning(field: value.field.name) }
    }
  }
}

extension Field {
  /// Whether people can write into it what they like.
  package var isFreeText: Bool {
    switch type {
    case .text, .longText: tag != RecordKind.externalIDTag
    default: false
    }
  }
}

// SPDX-License-Identifier: EUPL-1.2

/// One field of a record as it is about to be written.
package struct FieldValue: Hashable, Sendable {
  package let field: Field
  /// A value, or one element of a set; `nil` withdraws the field.
  package let text: String?
  package let scope: ScopeKind

  package init(_ field: Field, _ text: String?, scope: ScopeKind? = nil) {
    self.field = field
    self.text = text
    self.scope = scope ?? field.scope
  }
}

extension RecordKind {
  /// Checks a record as a whole, after each value was validated by its field.
  ///
  /// A new record must have every required field; a record that changes may not lose one. Ages,
  /// periods and times must not run backwards, a protected address is not for everybody, what is
  /// counted needs a first day, and each kind has rules of its own.
  /// The merge never calls this: concurrent edits may combine to what no one would enter.
  ///
  /// - Parameters:
  ///   - values: canonical values; of a record that changes, as many as the caller knows.
  ///   - isNew: whether fields that are absent count as missing.
  /// - Returns: all errors, in the order of the fields; empty if there is none.
  package func problems(in values: [FieldValue], isNew: Bool) -> [InvalidValue] {
    requiredProblems(values, isNew: isNew) + orderProblems(values)
      + protectionProblems(values) + startProblems(values, isNew: isNew)
      + ruleProblems(EnteredValues(values), isNew: isNew)
  }

  private func requiredProblems(_ values: [FieldValue], isNew: Bool) -> [InvalidValue] {
    fields.filter(\.required).compactMap { field in
      let own = values.filter { $0.field.tag == field.tag }
      if own.contains(where: { $0.text != nil }) || (own.isEmpty && !isNew) { return nil }
      return InvalidValue(
        field: field.name, given: "", reason: "fehlt (\(field.label); Pflichtfeld bei \(label))")
    }
  }

  private func orderProblems(_ values: [FieldValue]) -> [InvalidValue] {
    Self.ranges.compactMap { lower, upper in
      guard let from = values.first(where: { $0.field.name == lower })?.text,
        let to = values.first(where: { $0.field.name == upper })?.text,
        Self.runsBackwards(from, to)
      else { return nil }
      return InvalidValue(field: upper, given: to, reason: "liegt vor \(lower) „\(from)“")
    }
  }

  private static let ranges = [
    ("minimum_age", "maximum_age"), ("valid_from", "valid_to"), ("opens_at", "closes_at"),
    ("period_start", "period_end"), ("first_day", "last_day"),
  ]

  /// Partial dates compare as far as both are known.
  private static func runsBackwards(_ from: String, _ to: String) -> Bool {
    if let first = Int(from), let last = Int(to) { return first > last }
    if from.hasPrefix("--") || to.hasPrefix("--") { return false }
    let common = min(from.utf8.count, to.utf8.count)
    return from.prefix(common) > to.prefix(common)
  }

  /// What tells where a place is.
  package static let placeFields: Set<String> = [
    "street", "postal_code", "district", "address_1", "address_2", "latitude", "longitude",
    "transportation",
  ]

  private func protectionProblems(_ values: [FieldValue]) -> [InvalidValue] {
    let isProtected = values.contains { $0.field.name == "confidential" && $0.text == "true" }
    return isProtected ? Self.placeProblems(values) : []
  }

  /// What of a record with a protected address tells everybody where it is.
  package static func placeProblems(_ values: [FieldValue]) -> [InvalidValue] {
    values.compactMap { value in
      guard let text = value.text, value.scope == .public,
        placeFields.contains(value.field.name)
      else { return nil }
      return InvalidValue(
        field: value.field.name, given: text,
        reason: "darf bei geschützter Anschrift nicht öffentlich sein;"
          + " mit „\(value.field.name)@coordination“ geht es nur an die Koordination")
    }
  }

  /// A rule such as "every second week" says nothing without a day from which it is counted.
  private func startProblems(_ values: [FieldValue], isNew: Bool) -> [InvalidValue] {
    guard let rule = values.first(where: { $0.field.type == .rrule }), let text = rule.text,
      (try? RecurrenceRule(text))?.needsStart == true
    else { return [] }
    let starts = values.filter { ["dtstart", "valid_from"].contains($0.field.name) }
    // Of a record that changes, a field that is not named may still be there.
    let isMissing =
      starts.allSatisfy { $0.text == nil }
      && (isNew || starts.contains { $0.field.name == "dtstart" })
    guard isMissing else { return [] }
    return [
      InvalidValue(
        field: rule.field.name, given: text,
        reason: "zählt von einem ersten Termin an; er fehlt (dtstart)")
    ]
  }
}

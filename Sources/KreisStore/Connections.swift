// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore

/// What a record must be beside the records it is connected with, as far as they are known here. The
/// merge never asks: what another town writes converges first and is listed for review.
extension Transaction {
  /// - Parameters:
  ///   - values: of the record as it is going to be.
  ///   - written: those of them that are being written.
  func connectionProblems(
    _ kind: RecordKind, _ values: [FieldValue], _ written: [FieldValue], on id: RecordID,
    isNew: Bool
  ) throws -> [InvalidValue] {
    try written.compactMap { try referenceProblem($0, on: id) }
      + written.compactMap { try cycleProblem($0, kind, on: id) }
      + (try shelterProblems(kind, values, written, on: id, isNew: isNew))
  }

  private func referenceProblem(_ value: FieldValue, on id: RecordID) throws -> InvalidValue? {
    guard case .reference(let names) = value.field.type, let text = value.text,
      let target = RecordID(text: text)
    else { return nil }
    if target == id {
      return InvalidValue(
        field: value.field.name, given: text, reason: "verweist auf den Datensatz selbst")
    }
    // Of a record that has not arrived yet nothing is known.
    guard !names.isEmpty, let kind = try lookup.kind(of: target), !names.contains(kind.name) else {
      return nil
    }
    let expected = names.compactMap { try? tables.schema.kind(named: $0).label }
    return InvalidValue(
      field: value.field.name, given: text,
      reason: "ist ein Datensatz der Art \(kind.label); gemeint ist: "
        + expected.joined(separator: " oder "))
  }

  /// Above a record there may be no record that it is above of itself.
  private func cycleProblem(
    _ value: FieldValue, _ kind: RecordKind, on id: RecordID
  ) throws -> InvalidValue? {
    guard case .reference([kind.name]) = value.field.type, !value.field.isSet,
      value.field.name.hasPrefix("parent"), let text = value.text
    else { return nil }
    var above = RecordID(text: text)
    // What the merge combined may be a cycle that leads past this record.
    for _ in 0..<100 {
      guard let next = above, next != id else { break }
      above = try lookup.reference(value.field, of: next, kind)
    }
    guard above == id, text != id.description else { return nil }
    return InvalidValue(
      field: value.field.name, given: text,
      reason: "ist diesem Datensatz selbst untergeordnet; das ergäbe einen Kreis")
  }
}

// MARK: - Shelters

extension Transaction {
  /// The address of a shelter is never public, on whichever of its records it stands.
  private func shelterProblems(
    _ kind: RecordKind, _ values: [FieldValue], _ written: [FieldValue], on id: RecordID,
    isNew: Bool
  ) throws -> [InvalidValue] {
    let deciding: Set<String> = ["confidential", "categories", "location_id", "organization_id"]
    guard ["organization", "location", "address"].contains(kind.name),
      written.contains(where: {
        deciding.contains($0.field.name) || RecordKind.placeFields.contains($0.field.name)
      })
    else { return [] }
    let isConfidential = values.contains { $0.field.name == "confidential" && $0.text == "true" }
    guard try isConfidential || isProtected(kind, values) else { return [] }
    let own = isConfidential ? [] : RecordKind.placeProblems(values)
    guard !isNew, own.isEmpty else { return own }
    return try publicPlaces(of: kind, id).map { place in
      InvalidValue(
        field: "confidential", given: "ja",
        reason: "geht erst, wenn die Anschrift in \(place) nicht mehr öffentlich ist")
    }
  }

  /// Whether the record belongs to one whose address is protected.
  private func isProtected(_ kind: RecordKind, _ values: [FieldValue]) throws -> Bool {
    func target(_ name: String) -> RecordID? {
      values.first { $0.field.name == name }?.text.flatMap { RecordID(text: $0) }
    }
    switch kind.name {
    case "organization":
      return try isShelter(
        values.filter { $0.field.name == "categories" }.compactMap(\.text))
    case "location":
      return try target("organization_id").map(isProtectedOrganization) ?? false
    default: return try target("location_id").map(isProtectedLocation) ?? false
    }
  }

  private func isProtectedLocation(_ id: RecordID) throws -> Bool {
    let kind = try tables.schema.kind(named: "location")
    if try lookup.text(kind.field(named: "confidential"), of: id, kind) == "1" { return true }
    return try lookup.reference(kind.field(named: "organization_id"), of: id, kind)
      .map(isProtectedOrganization) ?? false
  }

  private func isProtectedOrganization(_ id: RecordID) throws -> Bool {
    let kind = try tables.schema.kind(named: "organization")
    if try lookup.text(kind.field(named: "confidential"), of: id, kind) == "1" { return true }
    guard let list = try lookup.text(kind.field(named: "categories"), of: id, kind) else {
      return false
    }
    return try isShelter(list.split { "[]\",".contains($0) }.map(String.init))
  }

  /// Whether one of these categories is that of women's shelters.
  private func isShelter(_ categories: [String]) throws -> Bool {
    let kind = try tables.schema.kind(named: "taxonomy_term")
    let code = try kind.field(named: "code")
    return try categories.compactMap { RecordID(text: $0) }.contains { id in
      try lookup.text(code, of: id, kind) == DefaultVocabulary.shelterCode
    }
  }

  /// Records of a location or organization, writable here, that tell everybody where it is.
  private func publicPlaces(of kind: RecordKind, _ id: RecordID) throws -> [RecordID] {
    guard kind.name != "address" else { return [] }
    let schema = tables.schema
    let (below, field) =
      kind.name == "organization" ? ("location", "organization_id") : ("address", "location_id")
    let dependent = try schema.kind(named: below)
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT id FROM \(DirectoryTables.quoted(below)) WHERE \(DirectoryTables.quoted(field)) = ?
        """, arguments: [id.description])
    return try rows.compactMap { RecordID(text: try $0.text(0)) }.flatMap { place in
      let shown = try state(of: place)?.shown ?? RegisterMap()
      let isPublic = shown.contains { register, value in
        value.scope == .public
          && dependent.field(tag: register.tag).map { RecordKind.placeFields.contains($0.name) }
            ?? false
      }
      let own = isPublic && membership.mayWrite(identity.member, place) ? [place] : []
      return try own + publicPlaces(of: dependent, place)
    }
  }
}

// MARK: - What follows

extension Transaction {
  /// The edits with what follows from them: merged records are named by the one kept, and a number's
  /// international form stands wherever the number does and nowhere else.
  func completed(
    _ edits: [Edit], of kind: RecordKind, on id: RecordID, _ state: RecordState?
  ) throws -> [Edit] {
    var edits = try edits.map(redirected)
    guard kind.name == "phone", let form = try? kind.field(named: "number_e164"),
      !edits.contains(where: { $0.field.tag == form.tag })
    else { return edits }
    for edit in edits where edit.field.name == "number" {
      let scope = scope(of: edit, on: id, state)
      let number: String? = if case .value(let text) = edit.content { text } else { nil }
      edits.append(
        Edit(
          form, number.flatMap(PhoneNumber.e164).map { .value($0) } ?? .withdrawn,
          in: ScopeKind(scope)))
      if let place = state?.shown[Register(tag: form.tag)], place.scope != scope {
        edits.append(Edit(form, .withdrawn, in: ScopeKind(place.scope)))
      }
    }
    return edits
  }

  private func redirected(_ edit: Edit) throws -> Edit {
    guard case .reference = edit.field.type else { return edit }
    func target(_ text: String) throws -> String {
      try RecordID(text: text).map { try kept($0).description } ?? text
    }
    let content: Edit.Content =
      switch edit.content {
      case .value(let text): .value(try target(text))
      case .insert(let element): .insert(element: try target(element))
      case .elements(let elements): .elements(Set(try elements.map(target)).sorted())
      case .remove, .withdrawn: edit.content
      }
    return Edit(edit.field, content, in: edit.scope)
  }
}

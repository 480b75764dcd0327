// SPDX-License-Identifier: EUPL-1.2

/// The values of a record by the names of their fields, as rules ask for them.
struct EnteredValues {
  private let values: [FieldValue]

  init(_ values: [FieldValue]) { self.values = values }

  /// The value; `nil` if it is absent or withdrawn.
  func text(_ name: String) -> String? {
    values.first { $0.field.name == name && $0.text != nil }?.text
  }

  func has(_ name: String) -> Bool { text(name) != nil }

  func isTrue(_ name: String) -> Bool { text(name) == "true" }
}

extension RecordKind {
  /// What the kind's own rules refuse. A rule that asks for something to be there concerns new
  /// records only: of others the caller may not know everything.
  func ruleProblems(_ values: EnteredValues, isNew: Bool) -> [InvalidValue] {
    switch name {
    case "contact": isNew ? consentProblems(values) : []
    case "phone": numberProblems(values) + ownerProblems(values, isNew: isNew)
    case "role_assignment": deputyProblems(values)
    case "organization", "service": ageProblems(values)
    case "network": ageProblems(values) + networkProblems(values, isNew: isNew)
    case "network_membership":
      isNew
        ? missing(
          values, "organization_id",
          "Mitglied ist eine Organisation (organization_id) oder eine Person (contact_id)",
          unless: ["organization_id", "contact_id"]) : []
    case "service_area": isNew ? areaProblems(values) : []
    case "network_meeting": attendanceProblems(values)
    default: []
    }
  }

  /// - Returns: that `field` is missing, if none of `others` is there.
  private func missing(
    _ values: EnteredValues, _ field: String, _ reason: String, unless others: [String]
  ) -> [InvalidValue] {
    if others.contains(where: values.has) { return [] }
    return [InvalidValue(field: field, given: "", reason: "fehlt: \(reason)")]
  }

  // MARK: - People

  /// Consent is worth what can be proven of it, and may be withdrawn (Art. 7 GDPR).
  private func consentProblems(_ values: EnteredValues) -> [InvalidValue] {
    guard values.text("legal_basis") == "consent" else { return [] }
    return missing(
      values, "consent_date",
      "bei einer Einwilligung gehört dazu, wann sie gegeben wurde (consent_date)"
        + " oder wann sie zu prüfen ist (review_date)",
      unless: ["consent_date", "review_date"])
  }

  private static let phoneOwners = [
    "organization_id", "contact_id", "location_id", "service_id", "service_at_location_id",
  ]

  /// A number that belonged to two would be shown by the one and erased with the other.
  private func ownerProblems(_ values: EnteredValues, isNew: Bool) -> [InvalidValue] {
    let owners = Self.phoneOwners.filter(values.has)
    if owners.isEmpty, isNew {
      return missing(
        values, "organization_id",
        "eine Nummer gehört zu genau einem von: " + Self.phoneOwners.joined(separator: ", "),
        unless: [])
    }
    guard owners.count > 1 else { return [] }
    return owners.dropFirst().map { field in
      InvalidValue(
        field: field, given: values.text(field) ?? "",
        reason: "steht neben \(owners[0]); eine Nummer gehört zu genau einem"
          + " – für den anderen einen eigenen Datensatz anlegen")
    }
  }

  private func numberProblems(_ values: EnteredValues) -> [InvalidValue] {
    guard let number = values.text("number"), let stated = values.text("number_e164"),
      let derived = PhoneNumber.e164(number), derived != stated
    else { return [] }
    return [
      InvalidValue(
        field: "number_e164", given: stated,
        reason: "passt nicht zu number „\(number)“ (das ist \(derived));"
          + " ohne Angabe wird sie daraus gebildet")
    ]
  }

  private func deputyProblems(_ values: EnteredValues) -> [InvalidValue] {
    guard let person = values.text("contact_id"), values.text("deputy_for_id") == person else {
      return []
    }
    return [
      InvalidValue(
        field: "deputy_for_id", given: person,
        reason: "ist dieselbe Person wie contact_id; vertreten wird eine andere")
    ]
  }

  // MARK: - Offers and networks

  private func ageProblems(_ values: EnteredValues) -> [InvalidValue] {
    guard values.isTrue("from_pregnancy"), let age = values.text("minimum_age"), age != "0" else {
      return []
    }
    return [
      InvalidValue(
        field: "minimum_age", given: age,
        reason: "passt nicht zu „ab der Schwangerschaft“ (from_pregnancy); dann ist es 0 oder leer")
    ]
  }

  private func networkProblems(_ values: EnteredValues, isNew: Bool) -> [InvalidValue] {
    var problems: [InvalidValue] = []
    if isNew {
      problems += missing(
        values, "municipalities", "ein Netzwerk umfasst eine oder mehrere Kommunen",
        unless: ["municipalities"])
    }
    if let since = values.text("legal_basis_since"), !values.has("legal_basis"), isNew {
      problems.append(
        InvalidValue(
          field: "legal_basis_since", given: since,
          reason: "sagt nicht, welche Rechtsgrundlage gemeint ist (legal_basis)"))
    }
    return problems
  }

  private func areaProblems(_ values: EnteredValues) -> [InvalidValue] {
    missing(
      values, "service_id",
      "das Einzugsgebiet gehört zu einem Angebot (service_id oder service_at_location_id)"
        + " oder einer Organisation (organization_id)",
      unless: ["service_id", "service_at_location_id", "organization_id"])
      + missing(
        values, "municipalities",
        "das Einzugsgebiet nennt Kommunen (municipalities), einen Stadtteil (district)"
          + " oder beschreibt sich (name, description, extent)",
        unless: ["municipalities", "district", "name", "description", "extent"])
  }

  private func attendanceProblems(_ values: EnteredValues) -> [InvalidValue] {
    if values.has("attendance") { return [] }
    return ["attendance_approximate", "attendance_scope"].compactMap { field in
      guard let text = values.text(field), text != "false" else { return nil }
      return InvalidValue(
        field: field, given: text,
        reason: "sagt nichts ohne die Zahl der Teilnehmenden (attendance)")
    }
  }
}

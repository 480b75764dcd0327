// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// Writes contacts and organizations as vCards 4.0 (RFC 6350), one after the other.
///
/// Numbers stand as they were typed (`TEL` is text by default). The name is `FN` as a whole: which
/// part of it is the family name the directory does not know, so there is no `N`.
package struct CardWriter {
  private let source: ExportSource
  private let today: String

  /// - Parameter now: seconds since 1970; roles that ended before that day are left out.
  package init(source: ExportSource, now: Int) {
    self.source = source
    today = BerlinTime.local(now).date.description
  }

  /// A contact or an organization as a card.
  ///
  /// - Throws: what the source throws.
  package func card(_ record: ExportRecord) throws -> ExportResult {
    guard let name = record["name"] else {
      return .leftOut("its name may not be handed out to these readers")
    }
    let isPerson = record.kind.name == "contact"
    let lines = try isPerson ? person(record, name) : organization(record, name)
    return .written(
      ContentLine.line("BEGIN", "VCARD") + ContentLine.line("VERSION", "4.0")
        + ContentLine.line("UID", "urn:uuid:\(record.id)") + lines
        + ContentLine.line("END", "VCARD"))
  }

  // MARK: - Persons

  private func person(_ contact: ExportRecord, _ name: String) throws -> [UInt8] {
    let degree = contact["academic_degree"].flatMap { name.hasPrefix($0) ? nil : $0 }
    var lines = ContentLine.line("KIND", "individual")
    lines += ContentLine.text("FN", [degree, name].compactMap(\.self).joined(separator: " "))
    let organization = try source.target("organization_id", of: contact)
    if let body = organization?["name"] {
      lines +=
        contact["department"].map { ContentLine.text("ORG", body, $0) }
        ?? ContentLine.text("ORG", body)
    }
    if let title = contact["title"] { lines += ContentLine.text("TITLE", title) }
    for role in try roles(of: contact) { lines += ContentLine.text("ROLE", role) }
    lines += phone(contact["phone"], "work,voice") + phone(contact["mobile"], "work,cell")
    lines += try phones("contact_id", contact)
    if let email = contact["email"] { lines += ContentLine.text("EMAIL;TYPE=work", email) }
    lines += try addresses(contact, organization)
    lines += languages(contact)
    let notes = [
      contact["availability"].map { "Erreichbarkeit: \($0)" },
      contact["room"].map { "Zimmer: \($0)" },
    ].compactMap(\.self)
    if !notes.isEmpty { lines += ContentLine.text("NOTE", notes.joined(separator: "\n")) }
    return lines
  }

  /// What a person does now: `Netzwerkkoordination, Netzwerk West (Vertretung)`.
  private func roles(of contact: ExportRecord) throws -> [String] {
    try source.referring("role_assignment", "contact_id", contact.id).compactMap { assignment in
      guard let role = assignment["role"], !isOver(assignment["valid_to"]) else { return nil }
      let place = try source.target("network_id", of: assignment)?["name"]
      let deputy = assignment["deputy_for_id"] == nil ? "" : " (Vertretung)"
      return [role, place].compactMap(\.self).joined(separator: ", ") + deputy
    }
  }

  /// Whether a partial date lies before today, as far as it is known.
  private func isOver(_ date: String?) -> Bool {
    guard let date, !date.hasPrefix("--") else { return false }
    return date < today.prefix(date.count)
  }

  private func addresses(
    _ contact: ExportRecord, _ organization: ExportRecord?
  ) throws -> [UInt8] {
    if let location = try source.target("location_id", of: contact) {
      return try PostalAddress.of(location: location, source).flatMap(address)
    }
    return organization.flatMap { PostalAddress(simple: $0) }.map(address) ?? []
  }

  // MARK: - Organizations

  private func organization(_ record: ExportRecord, _ name: String) throws -> [UInt8] {
    var lines = ContentLine.line("KIND", "org")
    lines += ContentLine.text("FN", name) + ContentLine.text("ORG", name)
    if let other = record["alternate_name"] { lines += ContentLine.text("NICKNAME", other) }
    lines += phone(record["phone"], "work,voice") + phone(record["fax"], "work,fax")
    lines += try phones("organization_id", record)
    if let email = record["email"] { lines += ContentLine.text("EMAIL;TYPE=work", email) }
    if let website = record["website"] { lines += ContentLine.line("URL", website) }
    // The simple columns are the short form of the same.
    let addresses = try source.referring("location", "organization_id", record.id)
      .flatMap { try PostalAddress.of(location: $0, source) }
    let own = [PostalAddress(simple: record)].compactMap(\.self)
    lines += (addresses.isEmpty ? own : addresses).flatMap(address)
    return lines + languages(record)
  }

  // MARK: - Lines of both

  private func phone(_ number: String?, _ types: String) -> [UInt8] {
    number.map { ContentLine.text("TEL;TYPE=\"\(types)\"", $0) } ?? []
  }

  private func phones(_ field: String, _ record: ExportRecord) throws -> [UInt8] {
    try source.referring("phone", field, record.id).flatMap { phone in
      // Of an organization's own numbers, a person's is not one.
      guard field == "contact_id" || phone["contact_id"] == nil else { return [UInt8]() }
      let number = phone["number"] ?? phone["number_e164"]
      let branch = phone["extension"].map { " Durchwahl \($0)" } ?? ""
      return self.phone(number.map { $0 + branch }, "work," + (phone["type"] ?? "voice"))
    }
  }

  /// Post office box and extended address stay empty, as RFC 6350 recommends.
  private func address(_ address: PostalAddress) -> [UInt8] {
    let street = [address.street, address.extra].compactMap(\.self).joined(separator: ", ")
    return ContentLine.text(
      "ADR;TYPE=work", "", "", street, address.city ?? "", address.state ?? address.region ?? "",
      address.postalCode ?? "", address.country ?? "")
  }

  private func languages(_ record: ExportRecord) -> [UInt8] {
    record.elements("languages").flatMap { ContentLine.line("LANG", $0) }
  }
}

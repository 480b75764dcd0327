// SPDX-License-Identifier: EUPL-1.2

import KreisCore

extension HSDSConversion {
  mutating func organization(_ members: HSDSMembers) {
    var members = members
    guard var draft = draft("organization", &members, nil) else { return }
    let name = members.text("name")
    draft.set("name", name)
    draft.set("alternate_name", members.text("alternate_name"))
    draft.set("email", members.text("email"))
    draft.set("website", members.text("website") ?? members.text("url"))
    draft.set("year_incorporated", members.text("year_incorporated"))
    draft.set("legal_status", members.text("legal_status"))
    draft.set("logo", members.text("logo"))
    draft.set("uri", members.text("uri"))
    draft.refer("parent_organization_id", members.text("parent_organization_id"))
    attributes(&members, &draft)
    languages(&members, &draft)
    // What the schema requires is made of these where nothing was recorded.
    let description = members.text("description")
    if description != name, description != draft["organization_type"] {
      draft.set("description", description)
    }
    let owner = Owner(field: "organization_id", key: draft.key)
    phones(&members, owner, &draft, ["voice": "phone", "fax": "fax"])
    let rest = Rest(members: &members)
    members.ignore("metadata")
    finish(draft, members)
    contacts(rest.contacts, owner)
    for json in rest.locations { location(json, owner, name: name) }
    for json in rest.programs {
      if let program = HSDSMembers(json, table: "program") { self.program(program, owner) }
    }
    for json in rest.services {
      if let service = HSDSMembers(json, table: "service") { self.service(service, owner) }
    }
    for _ in rest.identifiers { lose("organization_identifier") }
  }

  /// What an organization lists and becomes records of its own.
  private struct Rest {
    let contacts: [JSONValue]
    let locations: [JSONValue]
    let programs: [JSONValue]
    let services: [JSONValue]
    let identifiers: [JSONValue]

    init(members: inout HSDSMembers) {
      contacts = members.list("contacts")
      locations = members.list("locations")
      programs = members.list("programs")
      services = members.list("services")
      identifiers = members.list("organization_identifiers")
    }
  }

  /// A program is a network of the organization that runs it.
  mutating func program(_ members: HSDSMembers, _ owner: Owner?) {
    var members = members
    guard var draft = draft("network", &members, owner) else { return }
    let name = members.text("name")
    draft.set("name", name)
    let description = members.text("description")
    if description != name { draft.set("description", description) }
    draft.refer("operator_id", members.text("organization_id") ?? owner?.key)
    attributes(&members, &draft)
    members.ignore("metadata")
    finish(draft, members)
  }

  // MARK: - People

  mutating func contacts(_ list: [JSONValue], _ owner: Owner) {
    for (index, json) in list.enumerated() {
      guard var members = HSDSMembers(json, table: "contact"),
        var draft = draft("contact", &members, owner, index)
      else { continue }
      // Who has no name is found by what he does.
      let title = members.text("title")
      let department = members.text("department")
      draft.set("name", members.text("name") ?? title ?? department)
      draft.set("title", title)
      draft.set("department", department)
      draft.set("email", members.text("email"))
      if let legalBasis {
        draft.set("legal_basis", legalBasis)
        draft.set("source", "HSDS")
      }
      owners(&members, &draft, owner)
      attributes(&members, &draft)
      phones(
        &members, Owner(field: "contact_id", key: draft.key), &draft, ["voice": "phone"])
      members.ignore("metadata")
      finish(draft, members)
    }
  }

  /// The first plain number of a sort stands in the record itself, all others are records.
  mutating func phones(
    _ members: inout HSDSMembers, _ owner: Owner, _ record: inout HSDSDraft,
    _ fields: [String: String]
  ) {
    for (index, json) in members.list("phones").enumerated() {
      guard var phone = HSDSMembers(json, table: "phone") else { continue }
      let number = phone.text("number")
      let type = phone.text("type")?.lowercased()
      let isPlain =
        json["extension"] == nil && json["description"] == nil
        && json["attributes"] == nil && json["languages"] == nil
      if isPlain, let number, let field = fields[type ?? "voice"], !record.has(field) {
        record.set(field, number)
        if record.has(field) { continue }
      }
      guard var draft = draft("phone", &phone, owner, index) else { continue }
      let (main, branch) = Self.split(number)
      draft.set("number", main)
      draft.set("extension", phone.text("extension") ?? branch)
      draft.set("type", type)
      draft.set("description", phone.text("description"))
      owners(&phone, &draft, owner)
      attributes(&phone, &draft)
      languages(&phone, &draft)
      phone.ignore("metadata")
      finish(draft, phone)
    }
  }

  /// `305 555-0100 ext. 12`
  private static func split(_ number: String?) -> (String?, String?) {
    guard let number, let range = number.lowercased().firstRange(of: /\s*(ext\.?|x)\s*\d+$/) else {
      return (number, nil)
    }
    let start = number.index(
      number.startIndex,
      offsetBy: number.lowercased().distance(
        from: number.lowercased().startIndex, to: range.lowerBound))
    return (String(number[..<start]), String(number[start...].filter(\.isNumber)))
  }

  /// Whom the record belongs to: whom the object names, and who lists it. A number belongs to one,
  /// the nearest.
  mutating func owners(
    _ members: inout HSDSMembers, _ draft: inout HSDSDraft, _ owner: Owner
  ) {
    var isOwned = false
    for field in HSDSWriter.ownerFields {
      guard let key = members.text(field) ?? (field == owner.field ? owner.key : nil),
        !isOwned || draft.kind.name != "phone"
      else { continue }
      draft.refer(field, key)
      isOwned = true
    }
  }
}

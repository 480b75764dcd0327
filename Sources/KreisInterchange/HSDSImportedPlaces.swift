// SPDX-License-Identifier: EUPL-1.2

import KreisCore

extension HSDSConversion {
  mutating func location(_ json: JSONValue, _ owner: Owner?, name: String?) {
    guard let members = HSDSMembers(json, table: "location") else { return }
    location(members, owner, name: name)
  }

  /// - Parameter name: for a location without one.
  mutating func location(_ members: HSDSMembers, _ owner: Owner?, name: String?) {
    var members = members
    guard var draft = draft("location", &members, owner) else { return }
    let addresses = members.list("addresses")
    let type = members.text("location_type")
    let street = addresses.first.flatMap { address -> String? in
      if case .string(let text) = address["address_1"], !text.isEmpty { text } else { nil }
    }
    draft.set("name", members.text("name") ?? name ?? street)
    for field in [
      "alternate_name", "description", "transportation", "latitude", "longitude", "url",
    ] { draft.set(field, members.text(field)) }
    draft.refer("organization_id", members.text("organization_id") ?? owner?.key)
    attributes(&members, &draft)
    // Physical is what is not recorded otherwise.
    if type != "physical" { draft.set("location_type", type) }
    access(&members, &draft)
    let place = Owner(field: "location_id", key: draft.key)
    let contacts = members.list("contacts")
    let schedules = members.list("schedules")
    var numbers = members
    members.ignore("phones", "metadata")
    if members.text("external_identifier") != nil { lose("location.external_identifier") }
    members.ignore("external_identifier_type")
    let isThere = draft.missing.isEmpty
    finish(draft, members)
    guard isThere else { return }
    for (index, json) in addresses.enumerated() { address(json, place, index, type) }
    phones(&numbers, place, &draft, [:])
    self.contacts(contacts, place)
    self.schedules(schedules, place)
  }

  private mutating func access(_ members: inout HSDSMembers, _ draft: inout HSDSDraft) {
    for json in members.list("accessibility") {
      guard var access = HSDSMembers(json, table: "accessibility") else { continue }
      let words = access.text("description")
      let details = access.text("details")
      let field = try? draft.kind.field(named: "accessibility")
      if let words, let field, (try? field.validate(words)) != nil {
        draft.set("accessibility", words)
        draft.set("accessibility_details", details)
      } else if draft.has("accessibility_details") {
        lose("accessibility beside another")
      } else {
        let all = [words, details].compactMap(\.self)
        if !all.isEmpty { draft.set("accessibility_details", all.joined(separator: "\n")) }
      }
    }
  }

  private mutating func address(
    _ json: JSONValue, _ owner: Owner, _ index: Int, _ locationType: String?
  ) {
    guard var members = HSDSMembers(json, table: "address"),
      var draft = draft("address", &members, owner, index)
    else { return }
    draft.refer("location_id", members.text("location_id") ?? owner.key)
    for field in [
      "attention", "address_1", "address_2", "city", "region", "state_province", "postal_code",
    ] { draft.set(field, members.text(field)) }
    // In this country unless it says otherwise.
    if let country = members.text("country"), country != "DE" { draft.set("country", country) }
    if let type = members.text("address_type"), type != locationType ?? "physical" {
      draft.set("address_type", type)
    }
    attributes(&members, &draft)
    members.ignore("metadata")
    finish(draft, members)
  }

  mutating func serviceAtLocation(_ members: HSDSMembers, _ owner: Owner?) {
    var members = members
    guard var draft = draft("service_at_location", &members, owner) else { return }
    let location = members.object("location")
    var locationKey = members.text("location_id")
    if locationKey == nil, case .string(let id) = location?["id"] { locationKey = id }
    draft.refer("service_id", members.text("service_id") ?? owner?.key)
    draft.refer("location_id", locationKey)
    draft.set("description", members.text("description"))
    attributes(&members, &draft)
    let place = Owner(field: "service_at_location_id", key: draft.key)
    let contacts = members.list("contacts")
    let schedules = members.list("schedules")
    let areas = members.list("service_areas")
    for _ in areas { lose("service_at_location.service_areas") }
    phones(&members, place, &draft, [:])
    members.ignore("metadata")
    finish(draft, members)
    self.contacts(contacts, place)
    self.schedules(schedules, place)
    if let location { self.location(location, nil, name: nil) }
  }
}

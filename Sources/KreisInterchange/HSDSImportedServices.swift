// SPDX-License-Identifier: EUPL-1.2

import KreisCore

extension HSDSConversion {
  /// What HSDS's states are here.
  private static let states = [
    "active": "active", "inactive": "ended", "defunct": "ended", "temporarily closed": "ended",
    "temporarily_closed": "ended",
  ]

  mutating func service(_ members: HSDSMembers, _ owner: Owner?) {
    var members = members
    var provider: String?
    if let json = members.object("organization"),
      let organization = HSDSMembers(json, table: "organization")
    {
      if case .string(let id) = json["id"] { provider = id }
      self.organization(organization)
    }
    guard var draft = draft("service", &members, owner) else { return }
    draft.set("name", members.text("name"))
    for field in [
      "alternate_name", "description", "url", "email", "interpretation_services",
      "application_process", "accreditations", "eligibility_description", "minimum_age",
      "maximum_age", "assurer_email", "alert",
    ] { draft.set(field, members.text(field)) }
    draft.set("assured_date", members.text("assured_date").map { String($0.prefix(10)) })
    draft.refer("organization_id", members.text("organization_id") ?? provider ?? owner?.key)
    draft.refer("network_id", members.text("program_id"))
    attributes(&members, &draft)
    state(&members, &draft)
    languages(&members, &draft)
    costs(&members, &draft)
    let place = Owner(field: "service_id", key: draft.key)
    phones(&members, place, &draft, ["voice": "phone"])
    let contacts = members.list("contacts")
    let schedules = members.list("schedules")
    let areas = members.list("service_areas")
    let locations = members.list("service_at_locations")
    let program = members.object("program")
    members.ignore("metadata", "last_modified")
    finish(draft, members)
    if let program, let members = HSDSMembers(program, table: "program") {
      self.program(members, nil)
    }
    self.contacts(contacts, place)
    self.schedules(schedules, place)
    self.areas(areas, place)
    for json in locations {
      if let members = HSDSMembers(json, table: "service_at_location") {
        serviceAtLocation(members, place)
      }
    }
  }

  private mutating func state(_ members: inout HSDSMembers, _ draft: inout HSDSDraft) {
    guard let state = members.text("status"), !draft.has("status") else { return }
    // Active is what is not recorded otherwise.
    guard state != "active" else { return }
    draft.set("status", Self.states[state.lowercased()] ?? state)
    if state != "defunct" { lose("service.status \(state), taken as ended") }
  }

  private mutating func costs(_ members: inout HSDSMembers, _ draft: inout HSDSDraft) {
    draft.set("fees_description", members.text("fees_description") ?? members.text("fees"))
    var words: [String] = []
    for json in members.list("cost_options") {
      guard var cost = HSDSMembers(json, table: "cost_option") else { continue }
      let amount = cost.text("amount")
      let option = cost.text("option")
      let currency = cost.text("currency")
      if let amount, Double(amount) == 0 {
        draft.set("free_of_charge", "true")
        continue
      }
      words.append(
        [option, amount, amount == nil ? nil : currency, cost.text("amount_description")]
          .compactMap(\.self).joined(separator: " "))
    }
    guard !words.isEmpty else { return }
    if draft.has("fees_description") {
      for _ in words { lose("cost_option beside fees_description") }
    } else {
      draft.set("fees_description", words.joined(separator: "\n"))
    }
  }

  private mutating func areas(_ list: [JSONValue], _ owner: Owner) {
    for (index, json) in list.enumerated() {
      guard var members = HSDSMembers(json, table: "service_area"),
        var draft = draft("service_area", &members, owner, index)
      else { continue }
      for field in ["name", "description", "extent", "extent_type", "uri"] {
        draft.set(field, members.text(field))
      }
      owners(&members, &draft, owner)
      attributes(&members, &draft)
      members.ignore("metadata")
      finish(draft, members)
    }
  }

  // MARK: - Schedules

  mutating func schedules(_ list: [JSONValue], _ owner: Owner) {
    for (index, json) in list.enumerated() {
      guard var members = HSDSMembers(json, table: "schedule"),
        var draft = draft("schedule", &members, owner, index)
      else { continue }
      owners(&members, &draft, owner)
      attributes(&members, &draft)
      for field in ["valid_from", "valid_to", "dtstart"] {
        draft.set(field, members.text(field).map { String($0.prefix(10)) })
      }
      for field in ["opens_at", "closes_at"] { draft.set(field, Self.time(members.text(field))) }
      for field in ["schedule_link", "attending_type"] { draft.set(field, members.text(field)) }
      let rule = Self.rule(&members)
      if let rule, !draft.has("rrule") { draft.set("rrule", rule) }
      let description = members.text("description")
      let notes = members.text("notes")
      // The text about the hours is made anew; what was recorded beside it stands in the notes.
      let words = description == hoursText(draft) ? nil : description
      draft.set(
        "description",
        words == notes ? notes : [words, notes].compactMap(\.self).joined(separator: "\n").nonEmpty)
      members.ignore("metadata")
      finish(draft, members)
    }
  }

  /// `10:00` of `10:00:00Z`: times are local, an offset holds for half of the year. `9:00am` is of
  /// HSDS 1.1.
  private static func time(_ text: String?) -> String? {
    guard let text else { return nil }
    if let match = text.lowercased().wholeMatch(of: /(\d\d?):(\d\d) ?(am|pm)/),
      let hour = Int(match.1), (1...12).contains(hour)
    {
      return "\(hour % 12 + (match.3 == "pm" ? 12 : 0)):\(match.2)"
    }
    return text.wholeMatch(of: /(\d\d?:\d\d)(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?/)
      .map { String($0.1) } ?? text
  }

  private static let weekdays = [
    "monday": "MO", "tuesday": "TU", "wednesday": "WE", "thursday": "TH", "friday": "FR",
    "saturday": "SA", "sunday": "SU",
  ]

  private static func rule(_ members: inout HSDSMembers) -> String? {
    let frequency = members.text("freq")
    let parts: [(String, String?)] = [
      ("INTERVAL", members.text("interval")), ("COUNT", members.text("count")),
      ("UNTIL", members.text("until")?.prefix(10).filter { $0 != "-" }),
      ("WKST", members.text("wkst")), ("BYWEEKNO", members.text("byweekno")),
      ("BYMONTHDAY", members.text("bymonthday")), ("BYYEARDAY", members.text("byyearday")),
      ("BYDAY", members.text("byday").map { weekdays[$0.lowercased()] ?? $0 }),
    ]
    guard let frequency else { return nil }
    let isYearly = parts.contains { $0.0 == "BYWEEKNO" && $0.1 != nil }
    let rest = parts.compactMap { name, value in value.map { "\(name)=\($0)" } }
    return (["FREQ=" + (isYearly ? "YEARLY" : frequency)] + rest).joined(separator: ";")
  }
}

extension String {
  fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}

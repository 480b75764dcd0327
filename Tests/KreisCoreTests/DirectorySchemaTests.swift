// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import Testing

/// The table as released. A line here never changes; a new field is appended.
///
/// `tag name`, then `+` for a set, `!` for required, and the default scope unless it is public:
/// `/k` kreis, `/c` coordination, `/l` local.
private let released = """
  1 organization: 16 name! 17 alternate_name 18 organization_type 19 description 20 street \
  21 postal_code 22 city 23 district 24 phone 25 fax 26 email 27 website 28 minimum_age 29 \
  maximum_age 30 from_pregnancy 31 carrier 32 legal_status 33 year_incorporated 34 \
  parent_organization_id 35 categories+ 36 sectors+ 37 municipality_id 38 languages+ 39 \
  single_person 40 confidential 41 outside_region 42 status 43 keywords+ 44 uri 45 logo 60 restricted/k
  2 location: 16 name! 17 alternate_name 18 description 19 location_type 20 organization_id \
  21 municipality_id 22 district 23 transportation 24 accessibility 25 accessibility_details \
  26 latitude 27 longitude 28 url 29 confidential
  3 address: 16 location_id! 17 attention 18 address_1 19 address_2 20 postal_code 21 city! \
  22 region 23 state_province 24 country 25 address_type 26 confidential
  4 contact: 16 name!/k 17 salutation/k 18 academic_degree/k 19 title/k 20 department/k 21 \
  organization_id/k 22 location_id/k 23 service_id/k 24 service_at_location_id/k 25 email/k \
  26 phone/k 27 mobile/c 28 availability/k 29 room/k 30 languages+/k 31 legal_basis!/k 32 \
  source!/c 33 consent_date/c 34 review_date/k 35 restricted/k 60 valid_until/k
  5 phone: 16 number!/k 17 number_e164/k 18 extension/k 19 type/k 20 description/k 21 \
  organization_id/k 22 contact_id/k 23 location_id/k 24 service_id/k 25 \
  service_at_location_id/k 26 languages+/k 60 restricted/k
  6 role_assignment: 16 contact_id!/k 17 role!/k 18 organization_id/k 19 network_id/k 20 \
  working_group_id/k 21 service_id/k 22 municipality_id/k 23 deputy_for_id/k 24 \
  responsibility/k 25 working_hours/k 26 valid_from/k 27 valid_to/k 60 restricted/k
  7 service: 16 name! 17 alternate_name 18 organization_id 19 description 20 status 21 \
  audience+ 22 minimum_age 23 maximum_age 24 from_pregnancy 25 eligibility_description 26 \
  access 27 application_process 28 anonymous 29 outreach 30 free_of_charge 31 \
  fees_description 32 languages+ 33 interpretation_services 34 categories+ 35 keywords+ 36 \
  url 37 email 38 phone 39 capacity 40 frequency 41 place_description 42 valid_from 43 \
  valid_to 44 alert 45 accreditations 46 network_id 47 assurer_email/k
  8 service_at_location: 16 service_id! 17 location_id! 18 description 19 room
  9 schedule: 16 organization_id 17 location_id 18 service_id 19 service_at_location_id 20 \
  contact_id/k 21 rrule 22 dtstart 23 opens_at 24 closes_at 25 timezone 26 valid_from 27 \
  valid_to 28 exdates 29 closed_in_school_holidays 30 description 31 attending_type 32 \
  schedule_link 33 room 34 registration 35 registration_phone 36 registration_contact_id/k
  10 service_area: 16 name 17 service_id 18 service_at_location_id 19 organization_id 20 \
  municipalities+ 21 district 22 description 23 extent 24 extent_type 25 uri
  11 taxonomy_term: 16 name! 17 code 18 description 19 synonyms 20 parent_id 21 taxonomy 22 \
  language 23 term_uri
  12 municipality: 16 name! 17 ags! 18 municipality_type 19 parent_id 20 website 21 \
  own_youth_office 22 youth_office_id 23 latitude 24 longitude 25 hub_operator_id 26 coordination_note
  13 network: 16 name! 17 description 18 municipalities+ 19 operator_id 20 coordinator_id/k \
  21 legal_basis 22 legal_basis_since 23 minimum_age 24 maximum_age 25 from_pregnancy 26 \
  age_policy 27 sectors+ 28 valid_from 29 valid_to 30 status 31 related_networks+ 32 \
  partners+ 33 email 34 website 35 expectations/k
  14 network_membership: 16 network_id!/k 17 organization_id/k 18 contact_id/k 19 role/k 20 \
  valid_from/k 21 valid_to/k 22 remark/k 60 restricted/k
  15 working_group: 16 name!/k 17 description/k 18 task/k 19 networks+/k 20 chair_id/k 21 \
  contacts+/k 22 organizations+/k 23 reports_to/k 24 frequency/k 25 valid_from/k 26 \
  valid_to/k 27 status/k
  16 network_meeting: 16 name!/k 17 networks+/k 18 working_group_id/k 19 municipality_id/k \
  20 status/k 21 ordinal/k 22 date/k 23 reported_on/k 24 opens_at/k 25 closes_at/k 26 \
  place/k 27 location_id/k 28 organizer_id/k 29 occurrences/k 30 attendance/k 31 \
  attendance_approximate/k 32 attendance_scope/k 33 formats+/k 34 frequency/k 35 agenda/k 36 \
  results/k
  17 document: 16 name!/k 17 document_type/k 18 description/k 19 networks+/k 20 \
  municipality_id/k 21 meeting_id/k 22 parties+/k 23 date/k 24 adopted_by/k 25 adopted_on/k \
  26 binding_for/k 27 valid_from/k 28 valid_to/k 29 url/k 30 language/k
  18 indicator: 16 name!/k 17 value!/k 18 unit/k 19 approximate/k 20 definition!/k 21 \
  source/k 22 period_start/k 23 period_end/k 24 municipality_id/k 25 network_id/k 26 \
  remark/k
  19 change_request: 16 subject_id!/k 17 field_name/k 18 proposed_value/k 19 remark/k 20 \
  sender/k 21 status/k 22 answer/k 24 answered_questions/k 25 seen/k
  20 school_holiday: 16 name! 17 first_day! 18 last_day!
  30 request_answer: 16 request_id!/k 17 status!/k 18 answer/k 19 question_number/k
  40 policy: 16 retention_days/k 17 erasure_days/k 18 publication_release/k 19 \
  erase_expired/k 20 purpose/k 21 protection_officer/k
  41 publication: 16 subject_id!/c 17 field_name!/c 18 operation!/c 19 proposed_value!/c \
  20 requested_by!/c 21 requested_account/l
  """

struct DirectorySchemaTests {
  @Test func `tags, names, sets and scopes are those released`() {
    #expect(Schema.directory.kinds.map(summary).joined(separator: "\n") == released)
  }

  @Test func `fields common to all kinds have the same tags and names in each`() {
    for kind in Schema.directory.kinds {
      let common = kind.fields.filter { $0.tag < 16 }
      #expect(common.map(\.tag) == [2, 3, 4, 5, 6, 8])
      #expect(
        common.map(\.name) == [
          "external_id", "assured_date", "note", "memo", "merged_into", "distinct_from",
        ])
      #expect(common.map(\.scope)[2...3] == [.coordination, .local])
      #expect(kind.externalID?.name == "external_id")
    }
  }

  @Test func `the external id of a person is not public`() throws {
    let contact = try Schema.directory.kind(named: "contact")
    #expect(contact.externalID?.scope == .kreis)
  }

  @Test func `tags and names are unique, and everything has a label`() {
    let kinds = Schema.directory.kinds
    #expect(Set(kinds.map(\.tag)).count == kinds.count)
    #expect(Set(kinds.map(\.name)).count == kinds.count)
    for kind in kinds {
      #expect(Set(kind.fields.map(\.tag)).count == kind.fields.count)
      #expect(Set(kind.fields.map(\.name)).count == kind.fields.count)
      #expect(!kind.fields.contains { $0.tag == RecordKind.deletedTag || $0.tag == 0 })
      #expect(!kind.label.isEmpty && !kind.pluralLabel.isEmpty)
      for field in kind.fields {
        #expect(!field.label.isEmpty)
        #expect(field.name.utf8.allSatisfy { $0 == 0x5F || (0x30...0x7A).contains($0) })
      }
    }
  }

  @Test func `sets hold keys and references, never free text`() {
    for field in Schema.directory.kinds.flatMap(\.fields) where field.isSet {
      switch field.type {
      case .vocabulary, .term, .reference, .language: break
      default: Issue.record("\(field.name) is a set of \(field.type)")
      }
    }
  }

  @Test func `references name kinds that exist`() throws {
    for field in Schema.directory.kinds.flatMap(\.fields) {
      guard case .reference(let kinds) = field.type else { continue }
      for kind in kinds { #expect(try Schema.directory.kind(named: kind).name == kind) }
    }
  }

  @Test func `kinds and fields are found by name and by tag`() throws {
    let organization = try Schema.directory.kind(named: "organization")
    #expect(Schema.directory.kind(tag: organization.tag) == organization)
    let name = try organization.field(named: "name")
    #expect(organization.field(tag: 16) == name)
    #expect(Schema.directory.kind(tag: 999) == nil)
    #expect(organization.field(tag: 999) == nil)
  }

  @Test func `a mistyped field is refused with the nearest name and all names`() throws {
    let organization = try Schema.directory.kind(named: "organization")
    let error = try #require(throws: UnknownName.self) {
      try organization.field(named: "nmae")
    }
    #expect(
      error.description.hasPrefix(
        "unknown field „nmae“ of organization; did you mean „name“? fields: external_id,"))
    #expect(error.description.contains("parent_organization_id"))
    let far = try #require(throws: UnknownName.self) {
      try organization.field(named: "xylophonkonzert")
    }
    #expect(!far.description.contains("did you mean"))
  }

  @Test func `a mistyped kind is refused with the nearest name and all names`() throws {
    let error = try #require(throws: UnknownName.self) {
      try Schema.directory.kind(named: "organisation")
    }
    #expect(
      error.description.hasPrefix("unknown kind „organisation“; did you mean „organization“?"))
    #expect(
      error.description.hasSuffix(
        "indicator, change_request, school_holiday, request_answer, policy, publication"))
  }

  @Test func `scopes have German names`() {
    #expect(
      ScopeKind.allCases.map(\.label)
        == ["Öffentlich", "Netzwerkpartner", "Koordination", "Nur hier"])
  }

  private func summary(_ kind: RecordKind) -> String {
    let scopes: [ScopeKind: String] = [.kreis: "/k", .coordination: "/c", .local: "/l"]
    let fields = kind.fields.filter { $0.tag >= 16 }.map { field in
      " \(field.tag) \(field.name)" + (field.isSet ? "+" : "") + (field.required ? "!" : "")
        + (scopes[field.scope] ?? "")
    }
    return "\(kind.tag) \(kind.name):" + fields.joined()
  }
}

// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange

/// The tables of HSDS 3.0 (openreferral/specification, tag v3.0) as facts: every field with its type,
/// `!` where the schema requires it, the allowed values, the table of `[lists]` and `{objects}`.
///
/// The schema permits further fields; the export does without any.
enum HSDSTables {
  private static let fields: [String: String] = [
    "accessibility": """
    id:uuid! location_id:uuid description details url:uri attributes[attribute]
    metadata[metadata]
    """,
    "address": """
    id:uuid! location_id:uuid attention address_1! address_2 city! region state_province!
    postal_code! country! address_type:physical|postal|virtual! attributes[attribute]
    metadata[metadata]
    """,
    "attribute": """
    id:uuid! link_id:uuid taxonomy_term_id:uuid link_type link_entity value
    taxonomy_term{taxonomy_term} metadata[metadata]
    """,
    "contact": """
    id:uuid! organization_id:uuid service_id:uuid service_at_location_id:uuid location_id:uuid
    name title department email:email phones[phone] attributes[attribute] metadata[metadata]
    """,
    "cost_option": """
    id:uuid! service_id:uuid valid_from valid_to option currency amount:number
    amount_description attributes[attribute] metadata[metadata]
    """,
    "funding": """
    id:uuid! organization_id:uuid service_id:uuid source attributes[attribute]
    metadata[metadata]
    """,
    "language": """
    id:uuid! service_id:uuid location_id:uuid phone_id:uuid name code note attributes[attribute]
    metadata[metadata]
    """,
    "location": """
    id:uuid! location_type:physical|postal|virtual! url:uri organization_id:uuid name
    alternate_name description transportation latitude:number longitude:number
    external_identifier external_identifier_type languages[language] addresses[address]
    contacts[contact] accessibility[accessibility] phones[phone] schedules[schedule]
    attributes[attribute] metadata[metadata]
    """,
    "metadata": """
    id:uuid! resource_id:uuid resource_type last_action_date! last_action_type! field_name!
    previous_value! replacement_value! updated_by!
    """,
    "organization": """
    id:uuid! name! alternate_name description! email:email website:uri tax_status tax_id
    year_incorporated:number legal_status logo uri:uri parent_organization_id:uuid
    funding[funding] contacts[contact] phones[phone] locations[location] programs[program]
    organization_identifiers[organization_identifier] attributes[attribute] metadata[metadata]
    services[service]
    """,
    "organization_identifier": """
    id:uuid! organization_id:uuid identifier_scheme identifier_type! identifier!
    attributes[attribute] metadata[metadata]
    """,
    "phone": """
    id:uuid! location_id:uuid service_id:uuid organization_id:uuid contact_id:uuid
    service_at_location_id:uuid number! extension:number type description languages[language]
    attributes[attribute] metadata[metadata]
    """,
    "program": """
    id:uuid! organization_id:uuid name! alternate_name description! attributes[attribute]
    metadata[metadata]
    """,
    "required_document": """
    id:uuid! service_id:uuid document uri:uri attributes[attribute] metadata[metadata]
    """,
    "schedule": """
    id:uuid! service_id:uuid location_id:uuid service_at_location_id:uuid valid_from valid_to
    dtstart timezone:number until count:number wkst:MO|TU|WE|TH|FR|SA|SU freq:WEEKLY|MONTHLY
    interval:number byday byweekno bymonthday byyearday description opens_at closes_at
    schedule_link:uri attending_type notes attributes[attribute] metadata[metadata]
    """,
    "service": """
    id:uuid! organization_id:uuid program_id:uuid name! alternate_name description url:uri
    email:email status:active|inactive|defunct|temporarily_closed! interpretation_services
    application_process fees_description wait_time fees accreditations eligibility_description
    minimum_age:number maximum_age:number assured_date assurer_email:email licenses alert
    last_modified:date-time phones[phone] schedules[schedule] service_areas[service_area]
    service_at_locations[service_at_location] languages[language] organization{organization}
    funding[funding] cost_options[cost_option] program{program}
    required_documents[required_document] contacts[contact] attributes[attribute]
    metadata[metadata]
    """,
    "service_area": """
    id:uuid! service_id:uuid name description extent extent_type uri attributes[attribute]
    metadata[metadata]
    """,
    "service_at_location": """
    id:uuid! service_id:uuid location_id:uuid description contacts[contact] phones[phone]
    schedules[schedule] location{location} attributes[attribute] metadata[metadata]
    """,
    "taxonomy": """
    id:uuid! name! description! uri:uri version metadata[metadata]
    """,
    "taxonomy_term": """
    id:uuid! code name! description! parent_id:uuid taxonomy taxonomy_detail{taxonomy} language
    taxonomy_id:uuid term_uri:uri metadata[metadata]
    """,
  ]

  private struct Field {
    let type: String
    let nested: String?
    let isList: Bool
    let isRequired: Bool
  }

  private static func table(_ name: String) -> [String: Field] {
    var table: [String: Field] = [:]
    for word in (fields[name] ?? "").split(whereSeparator: \.isWhitespace) {
      let isRequired = word.hasSuffix("!")
      let parts = (isRequired ? word.dropLast() : word).split(whereSeparator: {
        ":[{]}".contains($0)
      })
      let isNested = word.contains("[") || word.contains("{")
      table[String(parts[0])] = Field(
        type: isNested || parts.count < 2 ? "string" : String(parts[1]),
        nested: isNested ? String(parts[1]) : nil, isList: word.contains("["),
        isRequired: isRequired)
    }
    return table
  }

  /// What in an object is not as its table says; empty if all is.
  static func problems(_ json: JSONValue, _ name: String, at path: String = "") -> [String] {
    guard case .object(let members) = json else { return ["\(path): no object"] }
    let table = table(name)
    var problems = table.filter { $0.value.isRequired && json[$0.key] == nil }
      .map { "\(path)/\($0.key) is missing" }
    for member in members {
      let place = "\(path)/\(member.name)"
      guard let field = table[member.name] else {
        problems.append("\(place) is no field of \(name)")
        continue
      }
      if members.filter({ $0.name == member.name }).count > 1 { problems.append("\(place) twice") }
      guard let nested = field.nested else {
        if !isValid(member.value, field.type) {
          problems.append("\(place) is no \(field.type): \(JSONWriter.text(of: member.value))")
        }
        continue
      }
      guard field.isList else {
        problems += Self.problems(member.value, nested, at: place)
        continue
      }
      guard case .array(let elements) = member.value else {
        problems.append("\(place) is no list")
        continue
      }
      for (index, element) in elements.enumerated() {
        problems += Self.problems(element, nested, at: "\(place)/\(index)")
      }
    }
    return problems
  }

  private static func isValid(_ json: JSONValue, _ type: String) -> Bool {
    if type == "number" { return json.typeName == "a number" }
    guard case .string(let text) = json else { return false }
    switch type {
    case "string", "date-time": return true
    case "uuid": return text.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12]
    case "email": return text.contains("@")
    case "uri": return text.contains("://")
    default: return type.split(separator: "|").contains { $0.replacing("_", with: " ") == text }
    }
  }
}

// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange

/// The API's description of itself (OpenAPI 3.1).
enum OpenAPI {
  static func document(title: String, base: String) -> JSONValue {
    var paths: [JSONValue.Member] = [
      .init(
        "/",
        ["get": operation("Version and description of this API.", [], reference("About"), "about")]),
      .init(
        "/openapi.json",
        ["get": operation("This description.", [], ["type": "object"], "description")]),
    ]
    for sort in Catalogue.Sort.allCases {
      let name = schemaName(sort)
      let parameters = ReadRequest.parameters(of: .list(sort))
      paths.append(
        .init(
          "/\(sort.rawValue)",
          [
            "get": operation(
              "A page of \(sort.rawValue), by id.", parameters.map(parameter), page(of: name),
              "list_\(sort.rawValue)", isCached: true, links: links(to: sort))
          ]))
      paths.append(
        .init(
          "/\(sort.rawValue)/{id}",
          [
            "get": operation(
              "One of the \(sort.rawValue), with all that it lists.", [idParameter],
              reference(name), "get_\(sort.rawValue)", isCached: true, isSingle: true)
          ]))
    }
    return [
      "openapi": "3.1.0",
      "info": [
        "title": .string("\(title): HSDS"), "version": "3.0",
        "description": "The public part of the directory in HSDS 3.0 (Open Referral).",
      ], "servers": .array([["url": .string(base)]]), "paths": .object(paths),
      "components": ["schemas": .object(schemas)],
    ]
  }

  // MARK: - Operations

  private static func operation(
    _ summary: String, _ parameters: [JSONValue], _ schema: JSONValue, _ name: String,
    isCached: Bool = false, isSingle: Bool = false, links: [JSONValue.Member] = []
  ) -> JSONValue {
    var found = answer("What was asked for.", "application/json", schema, hasTag: isCached)
    if !links.isEmpty, case .object(let members) = found {
      found = .object(members + [.init("links", .object(links))])
    }
    var responses: [JSONValue.Member] = [.init("200", found)]
    if isCached {
      responses.append(.init("304", ["description": "Nothing changed since the tag given."]))
      responses.append(.init("503", problem("The directory cannot be read now.")))
    }
    responses.append(.init("400", problem("A parameter is unknown or wrong.")))
    if isSingle { responses.append(.init("404", problem("There is no such public object."))) }
    responses.append(.init("429", problem("Too many requests.")))
    return [
      "operationId": .string(name), "summary": .string(summary),
      "parameters": .array(parameters + (isCached ? [tagParameter] : [])),
      "responses": .object(responses.sorted { $0.name < $1.name }),
    ]
  }

  private static func answer(
    _ text: String, _ type: String, _ schema: JSONValue, hasTag: Bool
  ) -> JSONValue {
    var members: [JSONValue.Member] = [.init("description", .string(text))]
    if hasTag {
      members.append(
        .init(
          "headers",
          [
            "ETag": [
              "description": "Equal as long as nothing public changes.",
              "schema": ["type": "string"],
            ]
          ]))
    }
    members.append(.init("content", .object([.init(type, ["schema": schema])])))
    return .object(members)
  }

  private static func problem(_ text: String) -> JSONValue {
    answer(text, "application/problem+json", reference("Problem"), hasTag: false)
  }

  /// The objects of a page can be asked for one by one.
  private static func links(to sort: Catalogue.Sort) -> [JSONValue.Member] {
    [
      .init(
        "first",
        [
          "operationId": .string("get_\(sort.rawValue)"),
          "parameters": ["id": "$response.body#/contents/0/id"],
        ])
    ]
  }

  // MARK: - Parameters

  private static func parameter(_ name: String) -> JSONValue {
    let limits: (JSONValue, String) =
      switch name {
      case "page":
        (
          ["type": "integer", "minimum": .integer(1), "maximum": .integer(1_000_000_000)],
          "The page, from 1."
        )
      case "per_page":
        (
          [
            "type": "integer", "minimum": .integer(1),
            "maximum": .integer(ReadRequest.pageLimit), "default": .integer(50),
          ], "Objects on a page."
        )
      case "search":
        (
          ["type": "string", "maxLength": .integer(ReadRequest.textLimit)],
          "A part of a name or description."
        )
      case "modified_after":
        (
          ["type": "string", "format": "date-time"],
          "What became visible here, or changed, then or later."
        )
      case "full": (["type": "boolean"], "Whether objects come with all that they list.")
      case "top_only": (["type": "boolean"], "Only categories without a broader one.")
      default: (["type": "string", "format": "uuid"], "Only what belongs to this.")
      }
    return [
      "name": .string(name), "in": "query", "required": .bool(false),
      "description": .string(limits.1), "schema": limits.0,
    ]
  }

  private static let idParameter: JSONValue = [
    "name": "id", "in": "path", "required": .bool(true),
    "schema": ["type": "string", "format": "uuid"],
  ]

  private static let tagParameter: JSONValue = [
    "name": "If-None-Match", "in": "header", "required": .bool(false),
    "description": "The ETag of an earlier answer.", "schema": ["type": "string"],
  ]

  // MARK: - Schemas

  private static func reference(_ name: String) -> JSONValue {
    ["$ref": .string("#/components/schemas/\(name)")]
  }

  private static func schemaName(_ sort: Catalogue.Sort) -> String {
    switch sort {
    case .services: "Service"
    case .organizations: "Organization"
    case .serviceAtLocations: "ServiceAtLocation"
    case .taxonomies: "Taxonomy"
    case .taxonomyTerms: "TaxonomyTerm"
    }
  }

  private static func page(of name: String) -> JSONValue {
    [
      "allOf": .array([
        reference("Page"),
        [
          "type": "object", "required": .array(["contents"]),
          "properties": ["contents": ["type": "array", "items": reference(name)]],
        ],
      ])
    ]
  }

  private static var schemas: [JSONValue.Member] {
    tables.map { name, fields in .init(name, schema(fields)) }
  }

  /// Fields with their types; `!` where one is always there, `[]` for a list of objects, `{}` for an
  /// object. HSDS's documentation says what they mean.
  private static let tables: KeyValuePairs<String, String> = [
    "About": "version! profile:uri! openapi_url:uri!",
    "Page": """
    total_items:integer! total_pages:integer! page_number:integer! size:integer! first_page:boolean!
    last_page:boolean! empty:boolean!
    """,
    "Problem": "type! title! status:integer! detail!",
    "Service": """
    id:uuid! organization_id:uuid program_id:uuid name! alternate_name description url:uri email
    status! interpretation_services application_process fees_description accreditations
    eligibility_description minimum_age:number maximum_age:number assured_date assurer_email alert
    last_modified:date-time! phones[] schedules[] service_areas[] service_at_locations[] languages[]
    organization{} cost_options[] program{} contacts[] attributes[]
    """,
    "Organization": """
    id:uuid! name! alternate_name description! email website:uri year_incorporated:number legal_status
    logo uri:uri parent_organization_id:uuid contacts[] phones[] locations[] programs[]
    organization_identifiers[] services[] attributes[]
    """,
    "ServiceAtLocation": """
    id:uuid! service_id:uuid! location_id:uuid! description contacts[] phones[] schedules[] location{}
    attributes[]
    """,
    "Taxonomy": "id:uuid! name! description!",
    "TaxonomyTerm": """
    id:uuid! code name! description! parent_id:uuid taxonomy language taxonomy_id:uuid term_uri:uri
    """,
  ]

  private static func schema(_ fields: String) -> JSONValue {
    var properties: [JSONValue.Member] = []
    var required: [JSONValue] = []
    for word in fields.split(whereSeparator: \.isWhitespace) {
      let plain = word.hasSuffix("!") ? word.dropLast() : word
      let parts = plain.split(separator: ":")
      let name = String(parts[0].filter { !"[]{}".contains($0) })
      if word.hasSuffix("!") { required.append(.string(name)) }
      let object: JSONValue = ["type": "object"]
      let type: JSONValue =
        if plain.hasSuffix("[]") {
          ["type": "array", "items": object]
        } else if plain.hasSuffix("{}") {
          object
        } else {
          switch parts.count > 1 ? parts[1] : "string" {
          case "integer", "number", "boolean": ["type": .string(String(parts[1]))]
          case "string": ["type": "string"]
          case let format: ["type": "string", "format": .string(String(format))]
          }
        }
      properties.append(.init(name, type))
    }
    return [
      "type": "object", "required": .array(required), "properties": .object(properties),
    ]
  }
}

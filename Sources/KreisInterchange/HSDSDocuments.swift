// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// Single objects of HSDS, for an API that serves them.
extension HSDSWriter {
  /// A service with the organization that offers it; `nil` without a name for these readers.
  package func document(service record: ExportRecord) throws -> JSONValue? {
    guard case .object(var members)? = try service(record) else { return nil }
    let date = LocalTime(seconds: Int(clamping: record.modified), offset: 0)
    members.append(.init("last_modified", .string(Self.timestamp(record.modified, date))))
    // Not with all its services, of which this is one: a thousand of them would be written a thousand
    // times.
    if let organization = try source.target("organization_id", of: record),
      let name = organization["name"]
    {
      let json = try own(organization: organization, name).json(source)
      members.append(.init("organization", Self.brief(json)))
    }
    return .object(members)
  }

  /// An organization with all that belongs to it; `nil` without a name for these readers.
  package func document(organization record: ExportRecord) throws -> JSONValue? {
    try record["name"].map { try object(organization: record, $0) }
  }

  /// A service at a location; `nil` if these readers may see only one of the two.
  package func document(serviceAtLocation record: ExportRecord) throws -> JSONValue? {
    guard let service = try source.target("service_id", of: record), service["name"] != nil else {
      return nil
    }
    return try serviceAtLocation(record, of: nil)
  }

  /// A category; `nil` without a name for these readers.
  package func document(term record: ExportRecord) -> JSONValue? {
    guard case .object(var members)? = HSDSObject.term(record) else { return nil }
    if let name = record["taxonomy"] {
      members.append(.init("taxonomy_id", .string(HSDSObject.taxonomyID(name))))
    }
    return .object(members)
  }

  /// One of the directory's own taxonomies, of which HSDS has more to say than a name.
  package static func document(taxonomy name: String) -> JSONValue {
    [
      "id": .string(HSDSObject.taxonomyID(name)), "name": .string(name),
      "description": .string(name),
    ]
  }

  /// An object without its lists.
  package static func brief(_ json: JSONValue) -> JSONValue {
    guard case .object(let members) = json else { return json }
    return .object(members.filter { if case .array = $0.value { false } else { true } })
  }

  private static func timestamp(_ seconds: UInt64, _ time: LocalTime) -> String {
    let digits = BerlinTime.instant(Int(clamping: seconds))
    let clock = digits.dropFirst(9)
    return "\(time.date)T\(clock.prefix(2)):\(clock.dropFirst(2).prefix(2)):"
      + "\(clock.dropFirst(4).prefix(2))Z"
  }
}

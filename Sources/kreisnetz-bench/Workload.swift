// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// The seeded directory: organizations with twelve text fields, then changes of single fields.
///
/// Its id becomes the external id; all twelve fields are fields of an organization in one scope. Every
/// value is valid as it is.
struct Workload {
  let records: Int
  let updates: Int
  /// As the limits read them.
  let recordTable: String
  let updateTable: String
  /// As it is imported.
  let organizations: String
  /// One row per change. An import takes a record once, so each later change of a record stands in a
  /// later file.
  let changes: [String]

  private static let fields = [
    "name": "name", "type": "organization_type", "street": "street", "postcode": "postal_code",
    "city": "city", "phone": "phone", "email": "email", "url": "website",
    "description": "description", "district": "district", "min_age": "minimum_age",
    "max_age": "maximum_age",
  ]
  /// The columns of the table of records.
  static let columns = [
    "external_id", "name", "organization_type", "street", "postal_code", "city", "phone", "email",
    "website", "description", "district", "minimum_age", "maximum_age",
  ]

  /// Generates it; the same numbers give the same bytes.
  ///
  /// - Throws: `BenchFailure`.
  init(records: Int, updates: Int, in place: Workplace) throws {
    self.records = records
    self.updates = updates
    let folder = place.path("workload")
    try place.run(
      "python3",
      [
        Workplace.source("directory_workload.py"), "--n", "\(records)", "--updates", "\(updates)",
        "--out", folder,
      ])
    recordTable = folder + "/records.tsv"
    updateTable = folder + "/updates.tsv"
    organizations = folder + "/organizations.ndjson"
    try Self.writeOrganizations(from: recordTable, to: organizations)
    changes = try Self.writeChanges(from: updateTable, to: folder)
  }

  /// The records as they came, and the updates.
  var recordText: String { recordTable.replacing("records.tsv", with: "records.ndjson") }
  var updateText: String { updateTable.replacing("updates.tsv", with: "updates.ndjson") }

  /// - Parameter prefix: before each id, to make other records of the same content.
  static func writeOrganizations(from table: String, to path: String, prefix: String = "") throws {
    var out: [UInt8] = []
    for line in try lines(table) {
      out += #"{"kind":"organization""#.utf8
      for (index, cell) in line.split(separator: tab, omittingEmptySubsequences: false).enumerated()
      {
        append(columns[index], index == 0 ? ArraySlice(Array(prefix.utf8) + cell) : cell, to: &out)
      }
      out += "}\n".utf8
    }
    try Data(out).write(to: URL(filePath: path))
  }

  private static func writeChanges(from table: String, to folder: String) throws -> [String] {
    var rounds: [[UInt8]] = []
    var seen: [ArraySlice<UInt8>: Int] = [:]
    for line in try lines(table) {
      let cells = line.split(separator: tab, omittingEmptySubsequences: false)
      guard cells.count == 5, let field = fields[String(decoding: cells[1], as: UTF8.self)] else {
        throw BenchFailure("\(table) has a line that is no update.")
      }
      let round = seen[cells[0], default: 0]
      seen[cells[0]] = round + 1
      if rounds.count == round { rounds.append([]) }
      rounds[round] += #"{"kind":"organization""#.utf8
      append("external_id", cells[0], to: &rounds[round])
      append(field, cells[2], to: &rounds[round])
      rounds[round] += "}\n".utf8
    }
    return try rounds.enumerated().map { index, bytes in
      let path = folder + "/changes-\(index).ndjson"
      try Data(bytes).write(to: URL(filePath: path))
      return path
    }
  }

  static let tab = UInt8(ascii: "\t")

  static func lines(_ path: String) throws -> [ArraySlice<UInt8>] {
    [UInt8](try Data(contentsOf: URL(filePath: path))).split(separator: UInt8(ascii: "\n"))
  }

  /// The workload has no control characters.
  static func append(_ name: String, _ value: ArraySlice<UInt8>, to out: inout [UInt8]) {
    out += ",\"\(name)\":\"".utf8
    for byte in value {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { out.append(UInt8(ascii: "\\")) }
      out.append(byte)
    }
    out.append(UInt8(ascii: "\""))
  }
}

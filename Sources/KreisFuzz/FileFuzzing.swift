// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisService

/// Parsers of files that people import or write.
enum FileFuzzing {
  static func json(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    guard let value = try? JSONParser.parse(input, limit: 1 << 20) else { return false }
    for style in [JSONWriter.Style.compact, .pretty] {
      let again = try? JSONParser.parse(JSONWriter.bytes(of: value, style: style), limit: 1 << 24)
      try BrokenProperty.unless(again == value, "JSON that changes when it is written again")
    }
    return true
  }

  static func ndjson(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    let rows = try ImportedRows.read(input) { source in
      var rows = NDJSONRows(read: source)
      return { try rows.next() }
    }
    for row in rows {
      var again = NDJSONRows(read: ImportedRows.source(row.ndjson(), pieces: 1 << 20))
      let copy = try? again.next()
      try BrokenProperty.unless(
        copy?.ndjson() == row.ndjson(), "a row that changes when it is written again")
    }
    return !rows.isEmpty
  }

  static func csv(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    let rows = try ImportedRows.read(input) { source in
      var rows = try CSVRows(read: source)
      return { try rows.next() }
    }
    return !rows.isEmpty
  }

  /// A mapping, a line of three dashes, and the table that it explains.
  static func mapping(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    let marker = Array("\n---\n".utf8)
    guard let cut = input.firstRange(of: marker),
      let text = String(validating: input[..<cut.lowerBound], as: UTF8.self),
      let mapping = try? ImportMapping(yaml: text, schema: .directory)
    else { return false }
    let rows = try ImportedRows.read(Array(input[cut.upperBound...])) { source in
      var rows = try MappedRows(mapping, read: source)
      return { try rows.next() }
    }
    return !rows.isEmpty
  }

  static func settings(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    let path = FileManager.default.temporaryDirectory.path + "/kreisnetz-fuzz-\(getpid()).yaml"
    defer { unlink(path) }
    guard FileManager.default.createFile(atPath: path, contents: Data(input)) else {
      throw BrokenProperty("\(path) cannot be written")
    }
    let town = (try? TownConfiguration(path: path, environment: [:])) != nil
    let hub = (try? HubConfiguration(path: path, environment: [:])) != nil
    return town || hub
  }
}

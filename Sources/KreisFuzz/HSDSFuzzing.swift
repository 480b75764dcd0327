// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange

/// Directories of others in HSDS.
enum HSDSFuzzing {
  /// Saturday, 22 November 2026.
  private static let now = 1_795_305_600

  static func document(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    let rows = try ImportedRows.read(input) { source in
      var rows = HSDSRows(.document, now: now, legalBasis: "public_task", read: source)
      return { try rows.next() }
    }
    return !rows.isEmpty
  }

  /// Files, separated by NUL, each with its name on its first line.
  static func package(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    var files: [String: [UInt8]] = [:]
    for file in input.split(separator: 0) {
      let end = file.firstIndex(of: 0x0A) ?? file.endIndex
      let name = String(decoding: file[..<end], as: UTF8.self)
      files[name] = Array(file[end...].dropFirst())
    }
    let names = Set(files.keys)
    let package = try? HSDSPackage { path in
      guard names.contains(path) else { return nil }
      return ImportedRows.source(files[path] ?? [], pieces: 700)
    }
    guard var package else { return false }
    var lines: [UInt8] = []
    var count = 0
    while let line = try? package.next() {
      lines += line
      count += 1
      try BrokenProperty.unless(count <= input.count, "a package that never ends")
    }
    let rows = try ImportedRows.read(lines) { source in
      var rows = HSDSRows(.tables, now: now, legalBasis: "public_task", read: source)
      return { try rows.next() }
    }
    return !rows.isEmpty
  }
}

// SPDX-License-Identifier: EUPL-1.2

package import KreisInterchange

/// What an import did, in words: for the command line, and for the report beside a file.
package enum ImportText {
  /// The lines about one row of the answer of `import`.
  package static func lines(_ row: JSONValue) -> [String] {
    row["change"] != nil ? plan(row) : findings(row) + summary(row)
  }

  /// One record of a dry run; what stays as it is is only counted.
  private static func plan(_ row: JSONValue) -> [String] {
    guard row["change"] != .string("unchanged"), case .array(let fields) = row["fields"] else {
      return []
    }
    let name = row["external_id"] == .null ? text(row["id"]) : text(row["external_id"])
    return ["line \(text(row["line"])): \(text(row["kind"])) \(name) \(text(row["change"]))"]
      + fields.map { field in
        let old = field["old"] == .null ? "" : text(field["old"]) + " → "
        let waits = field["waits"] == .bool(true) ? " (waits for another role's release)" : ""
        let others = (field["alternatives"]?.elements ?? []).map(text)
        let conflict =
          others.isEmpty
          ? "" : " (decides a conflict; also there: \(others.joined(separator: ", ")))"
        return
          "    \(text(field["field"])) (\(text(field["scope"]))): \(old)\(text(field["new"]))\(waits)"
          + conflict
      }
  }

  /// What was refused, and what somebody should look at.
  package static func findings(_ row: JSONValue) -> [String] {
    list(row["errors"], of: row["refused"], "")
      + list(row["warnings"], of: row["warned"], "warning: ")
      + list(.array((row["decisions"]?.elements ?? []).map(decision)), of: row["decided"], "")
  }

  private static func decision(_ row: JSONValue) -> JSONValue {
    let name = row["external_id"] == .null ? row["id"] : row["external_id"]
    return [
      "line": row["line"] ?? .null,
      "reason": .string(
        "\(text(row["field"])) (\(text(row["scope"]))) of \(text(row["kind"])) \(text(name)) is in "
          + "conflict; the row decides it"),
    ]
  }

  /// The numbers, and what has no place in the directory.
  package static func summary(_ row: JSONValue) -> [String] {
    var lines: [String] = []
    if case .array(let losses) = row["lost"], !losses.isEmpty {
      lines.append("No place in the directory have:")
      lines += losses.map { "  \(text($0["count"])) × \(text($0["what"]))" }
    }
    lines.append(
      ["created", "changed", "unchanged", "refused"].map { "\($0) \(text(row[$0]))" }
        .joined(separator: ", "))
    if let unpublished = row["unpublished"]?.unsigned, unpublished > 0 {
      lines.append(
        counted(Int(unpublished), "row", "rows")
          + " would make public what is not. If that is meant, import the file by "
          + "hand: kreisnetz import FILE --publish (and --role, where another role must release it); "
          + "if not, take „@public“ out of its columns.")
    }
    if let waiting = row["waiting"]?.unsigned, waiting > 0 {
      lines.append(
        counted(Int(waiting), "value becomes", "values become")
          + " public once another role releases what waits: kreisnetz list "
          + "publication, and kreisnetz release ID --role …")
    }
    if let decided = row["decided"]?.unsigned, decided > 0 {
      lines.append(
        counted(Int(decided), "conflict is", "conflicts are")
          + " decided by what the file says; what else stood there stays in: kreisnetz history ID")
    }
    if row["dry_run"] == .bool(true) {
      lines.append("This was a dry run: nothing was imported.")
    } else if row["imported"] == .bool(false) {
      lines.append("Nothing was imported.")
    }
    return lines
  }

  private static func list(_ list: JSONValue?, of total: JSONValue?, _ prefix: String) -> [String] {
    guard case .array(let findings) = list else { return [] }
    var lines = findings.map { "line \(text($0["line"])): \(prefix)\(text($0["reason"]))" }
    if case .number(let lexeme) = total, let count = Int(lexeme), count > findings.count {
      lines.append("… and \(count - findings.count) more")
    }
    return lines
  }

  /// On one line, without what could steer a terminal: a file may hold anything.
  private static func text(_ json: JSONValue?) -> String {
    let raw: String
    switch json {
    case .string(let text): raw = text
    case .number(let lexeme): raw = lexeme
    case nil, .null: return "–"
    case .some(let other): raw = JSONWriter.text(of: other)
    }
    var out = String.UnicodeScalarView()
    for scalar in raw.unicodeScalars {
      out.append(scalar.properties.generalCategory == .control ? "␣" : scalar)
    }
    return String(out)
  }
}

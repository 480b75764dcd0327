// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisPages

/// A form with files, as browsers send it (multipart/form-data, RFC 7578).
struct MultipartForm {
  struct File {
    /// As it is called at the other machine; without folders.
    let name: String
    let bytes: ArraySlice<UInt8>
  }

  private(set) var values: [(name: String, value: String)] = []
  private(set) var files: [String: File] = [:]

  private static let partLimit = 200
  /// Bytes of a part's head.
  private static let headLimit = 4_096

  /// - Returns: `nil` for what is no such form.
  init?(_ body: [UInt8], boundary: String) {
    let delimiter = Array("\r\n--\(boundary)".utf8)
    // The first delimiter may stand at the very beginning, where no line has ended before.
    let whole = [0x0D, 0x0A] + body
    guard let start = whole.firstRange(of: delimiter), start.lowerBound == 0 else { return nil }
    var rest = whole[start.upperBound...]
    while !rest.starts(with: [0x2D, 0x2D]) {
      guard rest.starts(with: [0x0D, 0x0A]), values.count + files.count < Self.partLimit else {
        return nil
      }
      // The end of the delimiter's own line: another delimiter right behind it shares none.
      rest = rest.dropFirst(2)
      guard let end = rest.firstRange(of: delimiter), take(rest[..<end.lowerBound]) else {
        return nil
      }
      rest = rest[end.upperBound...]
    }
  }

  /// The boundary that a `Content-Type` names; `nil` if it is no form with files.
  static func boundary(of type: String?) -> String? {
    guard let type, type.lowercased().hasPrefix("multipart/form-data;") else { return nil }
    for part in type.split(separator: ";").dropFirst() {
      let sides = part.split(separator: "=", maxSplits: 1)
      guard sides.count == 2,
        sides[0].trimmingCharacters(in: .whitespaces).lowercased() == "boundary"
      else { continue }
      let text = sides[1].trimmingCharacters(in: CharacterSet(charactersIn: " \""))
      return (1...70).contains(text.utf8.count) ? text : nil
    }
    return nil
  }

  private mutating func take(_ part: ArraySlice<UInt8>) -> Bool {
    // A part without any field begins with the empty line.
    guard let end = part.firstRange(of: Array("\r\n\r\n".utf8)),
      end.lowerBound - part.startIndex <= Self.headLimit,
      let head = String(validating: part[..<end.lowerBound], as: UTF8.self)
    else { return false }
    let content = part[end.upperBound...]
    for line in head.split(whereSeparator: { $0 == "\r\n" || $0 == "\n" }) {
      guard line.lowercased().hasPrefix("content-disposition:") else { continue }
      guard let name = Self.parameter("name", of: line) else { return false }
      if let file = Self.parameter("filename", of: line) {
        let short = file.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init)
        files[name] = File(name: String((short ?? "").prefix(200)), bytes: content)
      } else {
        guard let text = String(validating: content, as: UTF8.self) else { return false }
        values.append((name, text))
      }
      return true
    }
    return false
  }

  /// Browsers write a quotation mark in a name as %22.
  private static func parameter(_ name: String, of line: Substring) -> String? {
    guard let start = line.range(of: "; \(name)=\""),
      let end = line[start.upperBound...].firstIndex(of: "\"")
    else { return nil }
    return String(line[start.upperBound..<end]).replacing("%22", with: "\"")
  }
}

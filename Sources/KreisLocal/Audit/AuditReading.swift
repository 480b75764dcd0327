// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
package import KreisInterchange

/// What a look over the audit log found.
package struct AuditReport: Hashable, Sendable {
  /// Whole lines.
  package fileprivate(set) var lines = 0
  /// The SHA-256 of the last line: who notes it elsewhere can prove later that nothing was cut off.
  package fileprivate(set) var last = ""
  /// Lines that a power cut tore, by their place in the file, from 1 on. What they would have said was
  /// not begun, or its end is not known.
  package fileprivate(set) var torn: [Int] = []
  /// The first line that does not fit, by its place in the file, and why.
  package fileprivate(set) var broken: (line: Int, reason: String)? {
    get { brokenLine.map { ($0, brokenReason) } }
    set { (brokenLine, brokenReason) = (newValue?.line, newValue?.reason ?? "") }
  }
  private var brokenLine: Int?
  private var brokenReason = ""

  package init() {}
}

extension AuditLog {
  /// Reads the log from its first line on and checks the chain.
  ///
  /// - Parameter visit: is given each whole line until the first that does not fit.
  /// - Throws: `CommandError` if it cannot be read.
  package func read(_ visit: (JSONValue) throws -> Void = { _ in }) throws -> AuditReport {
    var report = AuditReport()
    guard FileManager.default.fileExists(atPath: path) else { return report }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandError(.notNow, "\(path) cannot be read. Run this as the daemon's user.")
    }
    let isOpen = data.last.map { $0 != 0x0A } ?? false
    let lines = data.split(separator: 0x0A, omittingEmptySubsequences: false)
      .dropLast(isOpen || data.isEmpty ? 0 : 1)
    var hash = AuditLine.start
    var isAfterTorn = false
    var number = 0
    for (index, bytes) in lines.enumerated() {
      let place = index + 1
      guard let line = AuditLine(bytes) else {
        // Only a line behind it can tell whether this was a power cut: at the end it was.
        guard !isAfterTorn else { break }
        isAfterTorn = true
        report.torn.append(place)
        hash = Hash256(of: Array(bytes))
        continue
      }
      if let reason = line.fault(after: hash, number, isAfterTorn: isAfterTorn) {
        if isAfterTorn { report.torn.removeLast() }
        report.broken = (isAfterTorn ? place - 1 : place, reason)
        return report
      }
      try visit(line.json)
      report.lines += 1
      number = line.number
      hash = Hash256(of: Array(bytes))
      report.last = hash.description
      isAfterTorn = false
    }
    if isAfterTorn, let place = report.torn.last, !isOpen || place < lines.count {
      report.torn.removeLast()
      report.broken = (place, "it cannot be read")
    }
    return report
  }
}

extension AuditLine {
  /// Why the line cannot follow; `nil` if it can.
  fileprivate func fault(after hash: Hash256, _ number: Int, isAfterTorn: Bool) -> String? {
    guard isAfterTorn == self.isAfterTorn else {
      return isAfterTorn
        ? "it cannot be read" : "it says that the line before was torn, which it is not"
    }
    guard previous == hash.description else {
      return "it or the line before it was changed, taken out or put in"
    }
    guard self.number == number + 1 else { return "its number is not \(number + 1)" }
    return nil
  }
}

// SPDX-License-Identifier: EUPL-1.2

import Foundation
package import Logging
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Writes the log to standard error, one line an event: the message, then `key=value` in order.
///
/// For journald each line begins with its priority as `<N>` (`sd-daemon(3)`); otherwise with the time
/// and the level. What is logged names logs, members, positions and reasons, never the content of a
/// record (I7).
package struct JournalLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  private let threshold: LogThreshold
  private var ownLevel: Logger.Level?
  private let isForJournal: Bool
  private let write: @Sendable ([UInt8]) -> Void

  package init(
    threshold: LogThreshold, isForJournal: Bool,
    write: @escaping @Sendable ([UInt8]) -> Void = Self.writeToStandardError
  ) {
    self.threshold = threshold
    self.isForJournal = isForJournal
    self.write = write
  }

  /// Makes this the log of the whole process. To be called once, at its start.
  package static func bootstrap(_ threshold: LogThreshold) {
    let isForJournal = isStandardErrorTheJournal()
    LoggingSystem.bootstrap { _ in
      JournalLogHandler(threshold: threshold, isForJournal: isForJournal)
    }
  }

  /// That of the process, unless one logger was given its own.
  package var logLevel: Logger.Level {
    get { ownLevel ?? threshold.level }
    set { ownLevel = newValue }
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var fields = metadata
    fields.merge(metadataProvider?.get() ?? [:]) { _, new in new }
    fields.merge(event.metadata ?? [:]) { _, new in new }
    if let error = event.error { fields["error"] = "\(error)" }
    var line =
      isForJournal
      ? "<\(Self.priority(of: event.level))>"
      : "\(Date().formatted(.iso8601)) \(event.level.rawValue) "
    line += Self.escape("\(event.message)")
    for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
      line += " \(key)=\(Self.quote("\(value)"))"
    }
    // One call a line, so that lines of several threads do not mix.
    write(Array((line + "\n").utf8))
  }

  /// `syslog(3)`'s numbers.
  private static func priority(of level: Logger.Level) -> Int {
    switch level {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }

  private static func quote(_ text: String) -> String {
    let isPlain =
      !text.isEmpty && text.utf8.allSatisfy { $0 > 32 && $0 != 34 && $0 != 61 && $0 != 127 }
    return isPlain ? text : "\"\(escape(text).replacing("\"", with: "\\\""))\""
  }

  /// A line break inside would begin a line of its own, with a priority of somebody else's choice.
  private static func escape(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < 32 || $0 == 127 }) else { return text }
    return text.unicodeScalars.reduce(into: "") { out, scalar in
      switch scalar {
      case "\n": out += "\\n"
      case _ where scalar.value < 32 || scalar.value == 127: out += " "
      default: out.unicodeScalars.append(scalar)
      }
    }
  }

  /// Writes a line to standard error in one call.
  package static func writeToStandardError(_ bytes: [UInt8]) {
    #if canImport(Glibc)
      _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    #else
      _ = Musl.write(STDERR_FILENO, bytes, bytes.count)
    #endif
  }

  /// Whether `JOURNAL_STREAM` names the very stream that standard error is: a child whose output
  /// was redirected inherits the variable all the same (`systemd.exec(5)`).
  private static func isStandardErrorTheJournal() -> Bool {
    guard let name = ProcessInfo.processInfo.environment["JOURNAL_STREAM"] else { return false }
    var status = stat()
    return fstat(STDERR_FILENO, &status) == 0 && name == "\(status.st_dev):\(status.st_ino)"
  }
}

/// From which level on the process logs. It can be changed while the process runs.
package final class LogThreshold: Sendable {
  private let current: Mutex<Logger.Level>

  package init(_ level: Logger.Level) { current = Mutex(level) }

  package var level: Logger.Level {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }
}

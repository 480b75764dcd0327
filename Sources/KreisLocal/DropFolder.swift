// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import Foundation
import KreisInterchange
package import Logging
import Synchronization

/// Imports each file that somebody puts into a folder, and puts a report beside it.
///
/// A file is taken when it is closed after writing or moved in, never while somebody writes to it;
/// what was there before the start is taken then. It is moved to `working` first, so that it is
/// imported once, or again after an interruption, which changes nothing more. All of a file is
/// imported or, if a row is refused, nothing. A table's columns are explained by a mapping of the
/// same name (`liste.yaml`) or `mapping.yaml` beside it.
package final class DropFolder: Sendable {
  private let path: String
  private let executor: CommandExecutor
  private let now: @Sendable () -> UInt64
  private let logger: Logger
  /// A pipe whose reading end becomes readable once the folder is to be left alone.
  private let wake: (read: Int32, write: Int32)
  private let isStopping = Mutex(false)
  private let thread = DispatchGroup()

  /// After what could not be done now, and for files that nobody finished writing, in milliseconds.
  private static let retry: Int32 = 30_000

  /// Begins to watch.
  ///
  /// - Parameters:
  ///   - now: seconds since 1970.
  /// - Throws: `CommandError` if the folder cannot be used safely.
  package init(
    _ path: String, executor: CommandExecutor, now: @escaping @Sendable () -> UInt64,
    logger: Logger
  ) throws {
    self.path = path
    self.executor = executor
    self.now = now
    self.logger = logger
    _ = try DropFolderFiles(path)
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw CommandError(.notNow, "No pipe can be opened: \(String(cString: strerror(errno))).")
    }
    wake = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    thread.enter()
    Thread.detachNewThread {
      self.run()
      self.thread.leave()
    }
  }

  deinit {
    close(wake.read)
    close(wake.write)
  }

  /// Interrupts what runs, which is done again at the next start, and waits for a second at most.
  package func stop() {
    isStopping.withLock { $0 = true }
    var byte: UInt8 = 0
    _ = write(wake.write, &byte, 1)
    if thread.wait(timeout: .now() + 1) == .timedOut {
      logger.warning(
        "An import from the folder did not end in time.", metadata: ["folder": "\(path)"])
    }
  }

  // MARK: - Thread

  private func run() {
    while !isStopping.withLock({ $0 }) {
      do { try watch() } catch {
        logger.error(
          "The import folder cannot be used; trying again in a while.",
          metadata: ["folder": "\(path)", "reason": "\(error)"])
        _ = wait(for: -1, milliseconds: Self.retry)
      }
    }
  }

  /// Returns when the folder is to be left alone; throws when it has to be opened anew.
  private func watch() throws {
    let files = try DropFolderFiles(path)
    guard let watch = DirectoryWatch(directory: files.root) else {
      throw CommandError(
        .notNow, "The folder cannot be watched: \(String(cString: strerror(errno))).")
    }
    // After the watch began, so that nothing falls between the two.
    var isComplete = lookAt(everythingIn: files)
    while wait(for: watch.descriptor, milliseconds: isComplete ? -1 : Self.retry) {
      var names: [String] = []
      let events = watch.events()
      for event in events {
        switch event {
        case .arrived(let name): if !names.contains(name) { names.append(name) }
        case .overflow: isComplete = false
        case .gone: throw CommandError(.notNow, "The folder was moved or deleted.")
        }
      }
      if events.isEmpty || !isComplete {
        isComplete = lookAt(everythingIn: files)
      } else {
        for name in names where !isStopping.withLock({ $0 }) {
          if !take(name, files) { isComplete = false }
        }
      }
    }
  }

  /// - Returns: whether to go on.
  private func wait(for descriptor: Int32, milliseconds: Int32) -> Bool {
    var polled = [
      pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
    ]
    while poll(&polled, 2, milliseconds) < 0, errno == EINTR {}
    return !isStopping.withLock { $0 }
  }

  /// - Returns: whether nothing is left to be looked at again.
  private func lookAt(everythingIn files: DropFolderFiles) -> Bool {
    var isComplete = true
    for name in files.names(in: .working) where !isStopping.withLock({ $0 }) {
      if !work(name, files) { isComplete = false }
    }
    for name in files.names() where !isStopping.withLock({ $0 }) {
      if !take(name, files) { isComplete = false }
    }
    return isComplete
  }

  // MARK: - Files

  private enum Sort {
    case format(String)
    /// Why it cannot be imported.
    case hopeless(String)
    case ignored
  }

  private static func sort(_ name: String) -> Sort {
    guard !name.hasPrefix("."), !name.hasPrefix("~") else { return .ignored }
    switch name.split(separator: ".").last?.lowercased() {
    case "csv": return .format("csv")
    case "ndjson": return .format("ndjson")
    case "json": return .format("hsds")
    case "xlsx", "xls", "ods":
      return .hopeless(
        "Spreadsheets are not read: save the table as “CSV UTF-8” and put that here.")
    case "zip": return .hopeless("Archives are not read: put their files here.")
    default: return .ignored
    }
  }

  /// - Returns: whether the file is done with, or none to be imported.
  private func take(_ name: String, _ files: DropFolderFiles) -> Bool {
    if case .ignored = Self.sort(name) { return true }
    do {
      try files.check()
      guard let file = files.open(name) else { return true }
      let isOpen = files.isBeingWritten(file)
      close(file.descriptor)
      // The kernel tells when it is closed; if not, there is another look in a while.
      if isOpen { return false }
      try files.move(name, from: nil, to: .working, as: name)
    } catch {
      logger.error("A file cannot be imported.", metadata: ["reason": "\(error)"])
      return false
    }
    return work(name, files)
  }

  /// Imports a file that was moved to `working`.
  ///
  /// - Returns: whether it is done with.
  private func work(_ name: String, _ files: DropFolderFiles) -> Bool {
    guard let file = files.open(name, in: .working) else { return true }
    defer { close(file.descriptor) }
    var lines: [String] = []
    var outcome = Outcome.wrongUse
    switch Self.sort(name) {
    case .ignored: return true
    case .hopeless(let reason): lines = [reason]
    case .format(let format):
      do {
        let mapping = format == "csv" ? try self.mapping(for: name, files) : nil
        outcome = run(format, mapping, file.descriptor) { lines.append($0) }
      } catch { lines = ["\(error)"] }
    }
    guard outcome != .notNow else {
      logger.warning(
        "A file cannot be imported now; trying again in a while.",
        metadata: ["file": "\(path)/working/\(name)", "reason": "\(lines.last ?? "")"])
      return false
    }
    return finish(name, isDone: outcome == .done, lines, file.status, files)
  }

  private func mapping(for name: String, _ files: DropFolderFiles) throws -> String? {
    let stem = name.split(separator: ".").dropLast().joined(separator: ".")
    return try files.text(stem + ".yaml", limit: ImportMapping.limit)
      ?? files.text("mapping.yaml", limit: ImportMapping.limit)
  }

  private func run(
    _ format: String, _ mapping: String?, _ descriptor: Int32, _ say: (String) -> Void
  ) -> Outcome {
    withoutActuallyEscaping(say) { say in
      let request = LocalRequest(
        "import",
        ["format": .string(format), "mapping": mapping.map { .string($0) } ?? .null],
        role: "Importordner", hasInput: true)
      let call = LocalCall(
        request,
        input: {
          var chunk = [UInt8](repeating: 0, count: 262_144)
          let count = read(descriptor, &chunk, chunk.count)
          guard count >= 0 else {
            throw CommandError(
              .notNow, "The file cannot be read: \(String(cString: strerror(errno))).")
          }
          return count == 0 ? nil : Array(chunk[..<count])
        }, isCancelled: { self.isStopping.withLock { $0 } },
        reply: { reply in
          switch reply {
          case .row(let row): for line in ImportText.lines(row) { say(line) }
          case .failure(let error): say(error.text)
          case .heading, .progress, .done: break
          }
        })
      return executor.run(call)
    }
  }

  /// Moves the file to where it stays, and puts the report beside it.
  private func finish(
    _ name: String, isDone: Bool, _ lines: [String], _ status: stat, _ files: DropFolderFiles
  ) -> Bool {
    let place: DropFolderFiles.Place = isDone ? .done : .failed
    let head = "\(name) was \(isDone ? "imported" : "not imported").\n\n"
    do {
      let stamp = try freeName(name, place, files)
      // The report first: a file that is done with always has one.
      try files.write(
        head + lines.joined(separator: "\n") + "\n", as: stamp + ".report.txt", in: place,
        like: status)
      try files.move(name, from: .working, to: place, as: stamp)
    } catch {
      logger.error("An imported file cannot be put away.", metadata: ["reason": "\(error)"])
      return false
    }
    logger.notice(
      isDone ? "imported a file" : "a file could not be imported; its report says why",
      metadata: ["file": "\(path)/\(place.rawValue)/\(name)"])
    return true
  }

  /// `20261122-071500-liste.csv`, with a number if there is one already.
  private func freeName(
    _ name: String, _ place: DropFolderFiles.Place, _ files: DropFolderFiles
  ) throws -> String {
    var time = time_t(clamping: now())
    var parts = tm()
    gmtime_r(&time, &parts)
    var buffer = [CChar](repeating: 0, count: 32)
    let count = strftime(&buffer, buffer.count, "%Y%m%d-%H%M%S", &parts)
    let stamp = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let taken = Set(files.names(in: place))
    for number in 1...10_000 {
      let candidate = stamp + (number == 1 ? "" : "-\(number)") + "-" + name
      if !taken.contains(candidate), !taken.contains(candidate + ".report.txt") { return candidate }
    }
    throw CommandError(.notNow, "\(path)/\(place.rawValue) has too many files of one name.")
  }
}

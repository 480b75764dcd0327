// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// Asks for pages as a browser does that has no connection yet: from the connection to the last byte.
struct PageClient {
  let port: Int

  struct Answer {
    let seconds: Double
    let status: Int
    let text: String
  }

  /// - Throws: `BenchFailure` unless the answer is a page.
  func get(_ path: String) throws -> Answer {
    guard let answer = ask(path) else { throw BenchFailure("Nobody answers at port \(port).") }
    guard answer.status == 200 else {
      throw BenchFailure("The pages answer \(path) with: \(answer.text.prefix(200))")
    }
    return answer
  }

  /// Asks until there is a page: a daemon that has just started may not listen yet, or say that it is not
  /// ready.
  ///
  /// - Throws: `BenchFailure` if there is none after so many seconds.
  func wait(for path: String, seconds: Double) throws -> Answer {
    var answer = Answer(seconds: 0, status: 0, text: "")
    try waitUntil("the page \(path)", seconds: seconds) {
      guard let next = ask(path) else { return false }
      answer = next
      return answer.status == 200
    }
    return answer
  }

  /// - Returns: `nil` where nobody answers.
  func ask(_ path: String) -> Answer? {
    let start = monotonicSeconds()
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in.loopback(port)
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    let request = Array(
      "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
        .utf8)
    guard isConnected, write(descriptor, request, request.count) == request.count else {
      return nil
    }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &part, part.count)
      guard count > 0 else { break }
      bytes += part[..<count]
    }
    let seconds = monotonicSeconds() - start
    let text = String(decoding: bytes, as: UTF8.self)
    let status = text.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0) }
    return Answer(seconds: seconds, status: status ?? 0, text: text)
  }
}

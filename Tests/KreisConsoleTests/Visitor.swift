// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// Somebody with a browser of their own: keeps cookies, sends each page's token.
final class Visitor {
  var console: TestConsole
  private(set) var cookies: [String: String] = [:]
  private var token = ""
  /// What each request has besides.
  var fields: [String: String] = [:]
  /// The console as the browser calls it.
  private let origin: String?
  let source: String

  init(_ console: TestConsole, origin: String? = nil, from source: String = "127.0.0.1") {
    (self.console, self.origin, self.source) = (console, origin, source)
  }

  private var base: [String: String] {
    let origin = origin ?? "http://127.0.0.1:\(console.port)"
    let host = origin.split(separator: "/").last.map(String.init) ?? ""
    return [
      "Host": host, "Origin": origin,
      "Cookie": cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; "),
    ].merging(fields) { _, own in own }
  }

  @discardableResult
  func get(_ path: String, _ more: [String: String] = [:]) async -> TestConsole.Answer {
    take(
      await console.send("GET", path, base.merging(more) { _, own in own }, "", from: source))
  }

  @discardableResult
  func post(_ path: String, _ values: [(String, String)]) async -> TestConsole.Answer {
    let encode = { (text: String) in
      text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
    let body = ([("token", token)] + values).map { "\(encode($0.0))=\(encode($0.1))" }
      .joined(separator: "&")
    let sent = base.merging(["Content-Type": "application/x-www-form-urlencoded"]) { own, _ in own }
    return take(await console.send("POST", path, sent, body, from: source))
  }

  /// Sends a form with a file.
  @discardableResult
  func upload(
    _ path: String, _ values: [(String, String)],
    file: (field: String, name: String, bytes: [UInt8])
  ) async -> TestConsole.Answer {
    let boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
    // As a form, the last of several values of a name counts here.
    var known: [String: String] = ["token": token]
    for (name, value) in values { known[name] = value }
    var body = known.map { name, value in
      "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
    }.joined()
    body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(file.field)\"; "
    body += "filename=\"\(file.name)\"\r\nContent-Type: text/csv\r\n\r\n"
    body += String(decoding: file.bytes, as: UTF8.self) + "\r\n--\(boundary)--\r\n"
    let type = ["Content-Type": "multipart/form-data; boundary=\(boundary)"]
    let sent = base.merging(type) { own, _ in own }
    return take(await console.send("POST", path, sent, body, from: source))
  }

  /// Sends a page's form as it stands, hidden fields included, with these values over them.
  func submit(
    _ page: TestConsole.Answer, to path: String, _ values: [(String, String)] = []
  ) async -> TestConsole.Answer {
    let hidden = page.text.matches(of: /<input type="hidden" name="([^"]*)" value="([^"]*)">/)
      .map { (Self.plain(String($0.1)), Self.plain(String($0.2))) }
      .filter { own in own.0 != "token" && !values.contains { $0.0 == own.0 } }
    return await post(path, hidden + values)
  }

  @discardableResult
  func signIn(
    _ name: String, _ password: String = TestAccounts.password, then path: String = "/"
  ) async -> TestConsole.Answer {
    await get("/anmelden")
    return await post("/anmelden", [("name", name), ("passwort", password), ("ziel", path)])
  }

  private func take(_ answer: TestConsole.Answer) -> TestConsole.Answer {
    for (name, cookie) in answer.cookies {
      cookies[name] = cookie.value.isEmpty ? nil : cookie.value
    }
    if !answer.token.isEmpty { token = answer.token }
    return answer
  }

  private static func plain(_ html: String) -> String {
    html.replacing("&quot;", with: "\"").replacing("&#39;", with: "'").replacing("&lt;", with: "<")
      .replacing("&gt;", with: ">").replacing("&amp;", with: "&")
  }
}

// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// A real browser without a screen: Debian's Chromium, driven over WebDriver (W3C). Gone with the test.
final class Browser {
  static let driver = "/usr/bin/chromedriver"
  /// The accessibility checker of Deque Systems, which `.ci/run` fetches.
  static let axe = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../.build/axe/axe_playwright_python/axe.min.js").standardizedFileURL

  static var isInstalled: Bool {
    [driver, "/usr/bin/chromium", axe.path].allSatisfy {
      FileManager.default.isReadableFile(atPath: $0)
    }
  }

  private let process = Process()
  private let profile = FileManager.default.temporaryDirectory
    .appending(path: "kn-browser-\(UInt32.random(in: 0 ... .max))")
  private let base: String
  private var session = ""

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// - Parameter runsScript: whether pages may run what they bring.
  init(runsScript: Bool = true) throws {
    let port = try Kreis.freePort()
    base = "http://127.0.0.1:\(port)"
    process.executableURL = URL(filePath: Self.driver)
    process.arguments = ["--port=\(port)"]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    try Kreis.wait("the browser's driver") {
      (try? call("GET", "/status"))?["ready"] == .bool(true)
    }
    let options: JSONValue = [
      "args": .array(
        ["--headless=new", "--no-sandbox", "--disable-gpu", "--user-data-dir=\(profile.path)"]
          .map { .string($0) })
    ]
    let answer = try call(
      "POST", "/session",
      ["capabilities": ["alwaysMatch": ["browserName": "chrome", "goog:chromeOptions": options]]])
    session = try #require(answer["sessionId"]?.text)
    guard !runsScript else { return }
    try command("Emulation.setScriptExecutionDisabled", ["value": .bool(true)])
  }

  deinit {
    _ = try? call("DELETE", "/session/\(session)")
    process.terminate()
    process.waitUntilExit(seconds: 10)
    try? FileManager.default.removeItem(at: profile)
  }

  // MARK: - Pages

  func open(_ address: String) throws { try act("/url", ["url": .string(address)]) }

  /// Shows pages as a screen of this width does, also of one that is narrower than any window.
  ///
  /// - Parameter scale: pixels of the screen for one of the page; 2 is how 200 % zoom looks.
  func resize(width: Int, scale: Int = 1) throws {
    try command(
      "Emulation.setDeviceMetricsOverride",
      [
        "width": .integer(width), "height": .integer(900), "deviceScaleFactor": .integer(scale),
        "mobile": .bool(false),
      ])
  }

  /// Tells pages that people want nothing to move.
  func reduceMotion() throws {
    try command(
      "Emulation.setEmulatedMedia",
      ["features": .array([["name": "prefers-reduced-motion", "value": "reduce"]])])
  }

  /// Shows pages as they are on paper of this size, DIN A4 with half an inch of margin.
  func print() throws {
    try resize(width: 698)
    try command("Emulation.setEmulatedMedia", ["media": "print"])
  }

  private func command(_ name: String, _ parameters: JSONValue) throws {
    try act("/goog/cdp/execute", ["cmd": .string(name), "params": parameters])
  }

  /// The text of the first element that fits; `nil` if there is none, or the page replaced it meanwhile.
  func text(_ selector: String) throws -> String? {
    do {
      return try element(selector).map {
        try call("GET", "/session/\(session)/element/\($0)/text").text ?? ""
      }
    } catch let failure as Failure where failure.description.contains("stale element") {
      return nil
    }
  }

  /// The value that stands in an input.
  func value(_ selector: String) throws -> String? {
    try element(selector).map {
      try call("GET", "/session/\(session)/element/\($0)/property/value").text ?? ""
    }
  }

  /// The names of the cookies that the page has.
  func cookies() throws -> [String] {
    try call("GET", "/session/\(session)/cookie").elements.compactMap { $0["name"]?.text }
  }

  func click(_ selector: String) throws {
    let id = try #require(try element(selector), "there is no \(selector)")
    try act("/element/\(id)/click", [:])
  }

  /// Puts a text in the place of what stands in an input.
  func type(_ text: String, into selector: String) throws {
    let id = try #require(try element(selector), "there is no \(selector)")
    try act("/element/\(id)/clear", [:])
    try act("/element/\(id)/value", ["text": .string(text)])
  }

  /// Puts a file into an input for files.
  func choose(_ file: URL, into selector: String) throws {
    let id = try #require(try element(selector), "there is no \(selector)")
    try act("/element/\(id)/value", ["text": .string(file.path)])
  }

  /// What a script's `return` gives.
  func run(_ script: String) throws -> JSONValue {
    try act("/execute/sync", ["script": .string(script), "args": .array([])])
  }

  /// What axe-core has against the page, by WCAG 2.1 A and AA and good practice.
  func violations() throws -> [String] {
    _ = try run(try String(contentsOf: Self.axe, encoding: .utf8) + "\n;return 0")
    let script = """
      const done = arguments[arguments.length - 1];
      axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
        .then(found => done(found.violations.map(one => one.id + ": " + one.nodes.map(node => node.html).join(" "))));
      """
    return try act("/execute/async", ["script": .string(script), "args": .array([])])
      .elements.compactMap(\.text)
  }

  /// Nothing on the page that is shown keeps people from using it, and nothing scrolls sideways or is cut
  /// off, whatever the width, nor at 200 % zoom (640 pixels for each 1,280); and nothing moves for those
  /// who want that.
  func expectUsable(_ page: String, widths: [Int] = [390, 820, 1_400]) throws {
    for (width, scale) in widths.map({ ($0, 1) }) + [(640, 2)] {
      try resize(width: width, scale: scale)
      let found = try violations()
      #expect(found.isEmpty, "\(page) at \(width): \(found)")
      let cut = try run(Self.cutOff).elements.compactMap(\.text)
      #expect(cut.isEmpty, "\(page) at \(width) times \(scale): \(cut)")
    }
    let alike = try run(Self.likeLinks).elements.compactMap(\.text)
    #expect(alike.isEmpty, "\(page): \(alike)")
    try reduceMotion()
    let moving = try run(Self.moving).elements.compactMap(\.text)
    #expect(moving.isEmpty, "\(page): \(moving)")
    try resize(width: 1_400)
  }

  /// What reaches beyond the screen, or beyond what it stands in; what can be scrolled by itself or is for
  /// screen readers alone may.
  static let cutOff = """
    const root = document.documentElement, found = [];
    if (root.scrollWidth > root.clientWidth) found.push("the page scrolls sideways");
    const scrolls = one => one && one !== document.body &&
      (/auto|scroll/.test(getComputedStyle(one).overflowX) || scrolls(one.parentElement));
    for (const one of document.body.querySelectorAll("*")) {
      const style = getComputedStyle(one), box = one.getBoundingClientRect();
      if (!box.width || !box.height || style.clipPath !== "none" || one.closest(".hidden, svg, .skip")) continue;
      if (one.closest("thead") && getComputedStyle(one.closest("thead")).clipPath !== "none") continue;
      const isBeyond = (box.right > root.clientWidth + 1 || box.left < -1) && !scrolls(one.parentElement);
      const isClipped = /hidden|clip/.test(style.overflowX) && one.scrollWidth > one.clientWidth + 1;
      if (isBeyond || isClipped) found.push(one.outerHTML.slice(0, 120));
    }
    return found.slice(0, 5);
    """

  /// What is underlined as links are and leads nowhere.
  static let likeLinks = """
    return [...document.querySelectorAll("main *")].filter((one) => !one.closest("a, button")
      && getComputedStyle(one).textDecorationLine.includes("underline"))
      .map((one) => one.outerHTML.slice(0, 120)).slice(0, 5);
    """

  static let moving = """
    const found = document.getAnimations().map(one => String(one.animationName || one.transitionProperty));
    for (const one of document.querySelectorAll("*")) {
      const style = getComputedStyle(one);
      const lasts = /[1-9]/;
      if (lasts.test(style.transitionDuration) || style.animationName !== "none" && lasts.test(style.animationDuration)
        || style.scrollBehavior === "smooth") found.push(one.outerHTML.slice(0, 120));
    }
    return found.slice(0, 5);
    """

  private func element(_ selector: String) throws -> String? {
    do {
      let found = try act("/element", ["using": "css selector", "value": .string(selector)])
      if case .object(let members) = found { return members.first?.value.text }
      return nil
    } catch let failure as Failure where failure.description.contains("no such element") {
      return nil
    }
  }

  // MARK: - WebDriver

  @discardableResult
  private func act(_ path: String, _ body: JSONValue) throws -> JSONValue {
    try call("POST", "/session/\(session)\(path)", body)
  }

  private func call(_ method: String, _ path: String, _ body: JSONValue? = nil) throws -> JSONValue
  {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "kn-call-\(UInt32.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (input, output) = (folder.appending(path: "in"), folder.appending(path: "out"))
    try Data(JSONWriter.bytes(of: body ?? [:])).write(to: input)
    let curl = Process()
    curl.executableURL = URL(filePath: "/usr/bin/env")
    curl.arguments =
      ["curl", "--silent", "--noproxy", "*", "--max-time", "60", "--output", output.path]
      + ["--request", method]
      + (body == nil
        ? [] : ["--header", "Content-Type: application/json", "--data-binary", "@\(input.path)"])
      + [base + path]
    curl.standardInput = FileHandle.nullDevice
    curl.standardOutput = FileHandle.nullDevice
    curl.standardError = FileHandle.nullDevice
    try curl.run()
    curl.waitUntilExit(seconds: 70)
    let answer = try JSONParser.parse(Array(try Data(contentsOf: output)), limit: 64 << 20)
    let value = answer["value"] ?? .null
    if let error = value["error"]?.text {
      throw Failure(description: "\(error): \(value["message"]?.text ?? "")")
    }
    return value
  }
}

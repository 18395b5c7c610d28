// What a reader would stumble over, as a list of sentences: too little contrast, text too small, what sticks out.
(() => {
  const found = [];
  const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const parse = (color) => {
    const [red, green, blue, alpha = 1] = color.match(/[\d.]+/g).map(Number);
    return { red, green, blue, alpha };
  };
  const light = (color) =>
    0.2126 * channel(color.red / 255) + 0.7152 * channel(color.green / 255) + 0.0722 * channel(color.blue / 255);
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (node) => {
    for (let each = node; each; each = each.parentElement) {
      const color = parse(getComputedStyle(each).backgroundColor);
      if (color.alpha === 1) return color;
    }
    return { red: 255, green: 255, blue: 255, alpha: 1 };
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let looked = 0;
  while (walker.nextNode()) {
    const words = walker.currentNode.textContent.trim();
    const holder = walker.currentNode.parentElement;
    if (!words || holder.closest("title, .unseen") || !holder.checkVisibility()) continue;
    looked += 1;
    const style = getComputedStyle(holder);
    const inPlot = holder.closest("svg");
    const ink = parse(inPlot ? style.fill : style.color);
    const ratio = contrast(ink, behind(inPlot ? inPlot.parentElement : holder));
    if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)}: ${words.slice(0, 40)}`);
    const plot = inPlot && inPlot.viewBox.baseVal;
    const size = parseFloat(style.fontSize) * (plot ? inPlot.getBoundingClientRect().width / plot.width : 1);
    if (size < 10.5) found.push(`${size.toFixed(1)} px: ${words.slice(0, 40)}`);
    if (inPlot) {
      const inside = inPlot.getBoundingClientRect();
      const mine = holder.getBoundingClientRect();
      if (mine.left < inside.left - 1 || mine.right > inside.right + 1 || mine.top < inside.top - 1 || mine.bottom > inside.bottom + 1)
        found.push(`sticks out of its plot: ${words.slice(0, 40)}`);
    }
  }
  for (const shape of document.querySelectorAll(".bar, .dot, .line, .mark, .ideal")) {
    const style = getComputedStyle(shape);
    const color = parse(style.fill !== "none" && !shape.matches(".line, .mark, .ideal") ? style.fill : style.stroke);
    const ratio = contrast(color, behind(shape.closest("svg").parentElement));
    if (ratio < 3) found.push(`contrast of a shape ${ratio.toFixed(2)}: ${shape.getAttribute("class")}`);
  }
  for (const plot of document.querySelectorAll("svg.plot")) {
    const boxes = [...plot.querySelectorAll("text")].map((each) => [each.textContent, each.getBoundingClientRect()]);
    boxes.forEach(([one, a], place) => {
      for (const [other, b] of boxes.slice(place + 1))
        if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2)
          found.push(`"${one}" over "${other}"`);
    });
  }
  for (const caption of document.querySelectorAll("caption"))
    if (caption.checkVisibility() && caption.getBoundingClientRect().right > document.documentElement.clientWidth)
      found.push(`cut off: ${caption.textContent.slice(0, 40)}`);
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth)
    found.push(`the page is ${document.documentElement.scrollWidth} wide in ${document.documentElement.clientWidth}`);
  if (!looked) found.push("there is nothing to read");
  return found;
})();

// Who answers what the pages ask: here the reader's server. A static site puts another file in the
// place of this one (`course build`); all else stays the same.

// Ask for an address of the reader, as `fetch` does. An Error says in words why nothing came.
export const ask = async (url, options) => {
  try {
    return await fetch(url, options);
  } catch {
    throw new Error("The reader does not answer. Is it still running in its terminal?");
  }
};

// Whether a question is cheap: a page asks for nothing by itself where it is not.
export const isAwake = () => true;

// Why lessons have no pages of their own here; empty where they have.
export const whyNoPages = async () => "";

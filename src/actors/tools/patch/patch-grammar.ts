// The patches that parse-patch.ts reads, as the model is told of them and held to them: the form in which it was trained
// to write them, so less than the parser puts up with.

export const PATCH_GRAMMAR = String.raw`start: "*** Begin Patch" LF section+ "*** End Patch" LF?

section: added | deleted | updated
added: "*** Add File: " path LF ("+" text LF)+
deleted: "*** Delete File: " path LF
updated: "*** Update File: " path LF (moved chunk* | chunk+)
moved: "*** Move to: " path LF

chunk: anchor* line+ at_end?
anchor: "@@" (" " path)? LF
line: ("+" | "-" | " ") text LF
at_end: "*** End of File" LF

path: /.+/
text: /.*/

%import common.LF
`;

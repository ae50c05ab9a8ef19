// Package house holds no program: its tests read the repository as text and keep the rules of the house.
//
// Layers: a package imports from lower layers only, or within a layer from packages named earlier (layers.go has the table, and
// the reason stands in the failure). Size: a file is one concept of at most 400 lines, a function fits a screen of 60. Words: everything
// exported is documented, every package has a doc.go that tells its story, every relative link in the documentation leads somewhere,
// and no file names a path of one machine. (What the documentation says of the program is tested in docs.) Tests: none skips, none sleeps.
//
// Each check is a function from a file system to a list of complaints, so that it is first shown to complain about a file made for that purpose.
package house

//! What the city has decided: commands become changes in a journal, changes become an immutable snapshot.

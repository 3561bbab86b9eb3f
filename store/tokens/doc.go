// Package tokens keeps the credentials of the admin API that were made there, and when each was last used, in a file
// that is written anew for each change.
package tokens

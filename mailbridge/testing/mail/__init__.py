"""One captured mail: what it says, where it leads, what a browser and a snapshot show of it.

contents      the bodies and files, whether the mail is made of fields or of bytes
links, page   where it leads to; the links and the text of HTML
files         a file of it
selection     the elements that a CSS selector finds
snapshot      the mail as text that is the same in every run
browsing      the mail as a page for a browser
"""

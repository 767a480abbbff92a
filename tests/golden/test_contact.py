"""Mailboxes and job titles, as a table that people can check."""

from __future__ import annotations

import pytest

from features.contact import email_kind, job_function, seniority


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("jane.doe@gmail.com", "free"),
        (" Jane.Doe@GMAIL.com ", "free"),
        ("jane@yahoo.co.uk", "free"),
        ("jane@mail.gmail.com.evil.example", "corporate"),
        ("jane@acme.example", "corporate"),
        ("jane@notgmail.com", "corporate"),
        ("j@mit.edu", "education"),
        ("j@unsw.edu.au", "education"),
        ("j@cam.ac.uk", "education"),
        ("j@uni-mannheim.de", "education"),
        ("j@student.tue.nl", "education"),
        ("j@university-of-parts.com", "corporate"),
        ("j@academy.example", "corporate"),
        ("", "invalid"),
        ("jane", "invalid"),
        ("@gmail.com", "invalid"),
        ("jane@", "invalid"),
        ("jane@localhost", "invalid"),
        ("jane doe@acme.example", "invalid"),
    ],
)
def test_kind_of_mailbox(address: str, kind: str):
    assert email_kind(address) == kind


@pytest.mark.parametrize(
    ("title", "level", "function"),
    [
        ("CEO", "chief", "general management"),
        ("Chief Information Officer", "chief", "IT"),
        ("CFO", "chief", "finance"),
        ("CTO & Co-Founder", "chief", "IT"),
        ("Founder", "chief", "general management"),
        ("President", "chief", "general management"),
        ("Vice President Sales", "director", "sales"),
        ("VP Supply Chain", "director", "purchasing"),
        ("Assistant Vice President", "director", "general management"),
        ("Managing Director", "director", "general management"),
        ("IT Director", "director", "IT"),
        ("Head of Operations", "head", "operations"),
        ("Leiter Einkauf", "head", "other"),
        ("Marketing Manager", "manager", "marketing"),
        ("Account Executive", "staff", "sales"),
        ("Account Manager", "manager", "sales"),
        ("Accountant", "staff", "finance"),
        ("Accounts Payable Clerk", "staff", "finance"),
        ("Team Lead Accounting", "manager", "finance"),
        ("Senior Buyer", "expert", "purchasing"),
        ("Sr. Recruiter", "expert", "HR"),
        ("Solutions Architect", "expert", "other"),
        ("Consultant", "expert", "other"),
        ("Software Developer", "staff", "IT"),
        ("Clerk", "staff", "other"),
        ("Executive Assistant to the CEO", "assistant", "general management"),
        ("Student", "student", "other"),
        ("Marketing Intern", "student", "marketing"),
        ("Internal Auditor", "staff", "finance"),
        ("WERKSTUDENT  (m/w/d)", "student", "other"),
        ("Working Student", "student", "other"),
        ("  head\tof   IT ", "head", "IT"),
    ],
)
def test_level_and_function_of_a_title(title: str, level: str, function: str):
    assert (seniority(title), job_function(title)) == (level, function)
